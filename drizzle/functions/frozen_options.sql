-- A watch's options with `frozen`: the names under which receivers know the table and its columns, the columns of which its default
-- key is made, and what tells later whether
-- this is still the table that was watched, or a copy of it. Once frozen, names stay. So do those of dropped columns, with the
-- number that they had (0 in a copy), so that nothing else is ever taken for them.
CREATE OR REPLACE FUNCTION outbox.frozen_options(relation regclass, options json) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_object_agg(o.key, o.value ORDER BY o.place)
  FROM (
    SELECT key, value, place FROM json_each(options) WITH ORDINALITY AS o (key, value, place) WHERE key NOT IN ('frozen', 'compiled')
    UNION ALL
    SELECT 'frozen', json_strip_nulls(json_build_object('oid', c.oid, 'type', c.reltype,
      'schema', n.nspname, 'name', coalesce(options->'frozen'->>'name', c.relname),
      'table', coalesce(options->'frozen'->>'table', outbox.full_name(c.oid)),
      'columns', (
        SELECT json_object_agg(coalesce(k.name, f.key), coalesce(k.place, CASE WHEN is_original THEN f.value::int2 ELSE 0 END))
        FROM (SELECT name, place FROM outbox.captured_columns(relation, options) WHERE known) AS k
        FULL JOIN json_each_text(options->'frozen'->'columns') AS f ON f.key = k.name),
      'key', CASE WHEN (options->>'default_key')::boolean THEN coalesce(options->'frozen'->'key', (
        SELECT json_agg(k.name ORDER BY key.place)
        FROM outbox.key_columns(relation, options) AS key
        JOIN outbox.captured_columns(relation, options) AS k ON k.known AND k.column_name = key.name)) END)),
      1000000
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (
      SELECT c.oid = (options->'frozen'->>'oid')::oid AND c.reltype = (options->'frozen'->>'type')::oid AS is_original) AS watched
    WHERE c.oid = relation
  ) AS o
$$;
