-- The id of the capture of a table: the one it has, so that its functions keep what an operator gave them, or a new one. It is
-- random, because a copy of the database without its rows would count from 1 again, among functions that exist.
CREATE OR REPLACE FUNCTION outbox.capture_id(relation regclass) RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    (SELECT c.id FROM outbox.captures() AS c
     WHERE c.relation = capture_id.relation AND NOT EXISTS (
       SELECT FROM pg_proc p
       WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname ~ ('^capture_' || c.id || '_')
         AND (NOT pg_has_role(p.proowner, 'USAGE') OR EXISTS (
           SELECT FROM pg_trigger t WHERE t.tgfoid = p.oid AND t.tgparentid = 0 AND t.tgrelid <> capture_id.relation)))
     ORDER BY c.watched_at DESC LIMIT 1),
    (SELECT random_id FROM (SELECT 1 + floor(random() * 1e15)::bigint AS random_id FROM generate_series(1, 100)) AS tried
     WHERE NOT EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname ~ ('^capture_' || random_id || '_'))
     LIMIT 1))
$$;
