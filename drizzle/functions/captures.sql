-- What captures which table, read from the catalogue alone, so that nothing can disagree with it and any role may read it.
-- A capture is a group of functions outbox.capture_<id>_…: one for each operation, and `watch`, whose text holds the options.
-- Its table is the one whose triggers call it. Without triggers it is the table that was watched, if no other capture has it;
-- a dropped table stays as its number; null: the capture is left over.
CREATE OR REPLACE FUNCTION outbox.captures()
RETURNS TABLE (id bigint, relation regclass, options json, watched_at timestamptz, owner oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH ours AS MATERIALIZED (
    SELECT p.oid, p.proowner, p.prosrc, part[1]::bigint AS id, part[2] AS part
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL regexp_match(p.proname, '^capture_([1-9][0-9]{0,17})_([a-z]+)$') AS part
    WHERE n.nspname = 'outbox' AND part IS NOT NULL
  ), triggers AS MATERIALIZED (
    SELECT DISTINCT f.id, t.tgrelid
    FROM pg_trigger t
    JOIN ours f ON f.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
  ), kept AS MATERIALIZED (
    SELECT id, proowner, CASE WHEN said IS JSON OBJECT THEN said::json ELSE '{}' END AS said
    FROM ours
    CROSS JOIN LATERAL split_part(prosrc, '$json$', 2) AS said
    WHERE part = 'watch'
  ), recorded AS MATERIALIZED (
    SELECT k.id, k.proowner, k.said->'options' AS options,
           CASE WHEN pg_input_is_valid(k.said->>'watched_at', 'timestamptz') THEN (k.said->>'watched_at')::timestamptz END AS watched_at,
           CASE WHEN pg_input_is_valid(f->>'oid', 'oid') THEN (f->>'oid')::oid END AS oid,
           CASE WHEN pg_input_is_valid(f->>'type', 'oid') THEN (f->>'type')::oid END AS type,
           f->>'schema' AS schema, f->>'name' AS name
    FROM kept k
    CROSS JOIN LATERAL (SELECT k.said->'options'->'frozen') AS frozen (f)
  )
  SELECT r.id, coalesce(by_trigger.oid, by_record.oid, gone.oid)::regclass, r.options, r.watched_at, r.proowner
  FROM recorded r
  LEFT JOIN LATERAL (
    SELECT t.tgrelid AS oid FROM triggers t WHERE t.id = r.id ORDER BY t.tgrelid <> r.oid, t.tgrelid LIMIT 1
  ) AS by_trigger ON true
  LEFT JOIN LATERAL (
    SELECT c.oid
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE by_trigger.oid IS NULL
      -- The same name alone is not enough: a table that somebody else made is another one.
      AND (c.oid = r.oid AND c.reltype = r.type AND pg_has_role(r.proowner, c.relowner, 'USAGE')
           OR n.nspname = r.schema AND c.relname = r.name AND c.relowner = r.proowner)
      AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT FROM triggers t WHERE t.tgrelid = c.oid)
    ORDER BY c.oid <> r.oid LIMIT 1
  ) AS by_record ON true
  LEFT JOIN LATERAL (SELECT r.oid WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = r.oid)) AS gone ON true
  WHERE r.options IS NOT NULL
$$;

COMMENT ON FUNCTION outbox.captures IS 'What captures which table, read from the catalogue. relation null: left over from a table that something else captures.';
