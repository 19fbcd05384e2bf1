-- Drops what captures a table, except for the operations of one capture that go on. The triggers are found by the table, and a
-- function that another table's trigger calls stays, so nothing of another table is ever dropped. Functions of somebody else stay
-- too; outbox.capture_health() calls them left over. What captured a dropped table of the same name goes along: without triggers on
-- the new one it would be taken for its capture (captures.sql).
CREATE OR REPLACE FUNCTION outbox.drop_capture(relation regclass, kept_id bigint DEFAULT NULL, kept_operations text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dropped record;
  ids bigint[] := ARRAY(
    SELECT c.id
    FROM outbox.captures() AS c
    WHERE c.relation = drop_capture.relation
       OR NOT EXISTS (SELECT FROM pg_class WHERE oid = c.relation) AND EXISTS (
            SELECT FROM pg_class named JOIN pg_namespace n ON n.oid = named.relnamespace
            WHERE named.oid = drop_capture.relation
              AND n.nspname = c.options->'frozen'->>'schema' AND named.relname = c.options->'frozen'->>'name'));
  is_watched boolean := cardinality(ids) > 0;
BEGIN
  FOR dropped IN
    SELECT t.tgname, part[1]::bigint AS id
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid AND p.pronamespace = 'outbox'::regnamespace
    CROSS JOIN LATERAL regexp_match(p.proname, '^capture_([1-9][0-9]{0,17})_([a-z]+)$') AS part
    WHERE t.tgrelid = relation AND t.tgparentid = 0 AND part IS NOT NULL
      AND (part[1]::bigint = kept_id AND part[2] = ANY (kept_operations)) IS NOT TRUE
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', dropped.tgname, relation);
    ids := ids || dropped.id;
    is_watched := true;
  END LOOP;
  FOR dropped IN
    SELECT p.oid::regprocedure AS function
    FROM pg_proc p
    CROSS JOIN LATERAL regexp_match(p.proname, '^capture_([1-9][0-9]{0,17})_([a-z]+)$') AS part
    WHERE p.pronamespace = 'outbox'::regnamespace AND part[1]::bigint = ANY (ids) AND pg_has_role(p.proowner, 'USAGE')
      AND (part[1]::bigint = kept_id AND part[2] = ANY (kept_operations || '{watch,explain}'::text[])) IS NOT TRUE
      AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgfoid = p.oid)
      -- While a trigger of another table calls one of the group, its options stay too.
      AND NOT EXISTS (
        SELECT FROM pg_trigger t JOIN pg_proc used ON used.oid = t.tgfoid
        WHERE t.tgrelid <> relation AND used.pronamespace = p.pronamespace AND used.proname ~ ('^capture_' || part[1] || '_')
          AND part[2] IN ('watch', 'explain') AND t.tgparentid = 0)
  LOOP
    EXECUTE format('DROP FUNCTION %s', dropped.function);
  END LOOP;
  RETURN is_watched;
END $$;
