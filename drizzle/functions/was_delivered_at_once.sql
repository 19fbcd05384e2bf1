-- Whether a delivery is recorded as delivered with its first attempt. For statements that lock rows: a function reads the
-- partitions in a plan of its own. Postgres 18 before its fix of October 2026 (commit 1b5dd3a) reads freed memory, and crashes,
-- where one plan locks a row that has just changed and looks for partitions afterwards.
CREATE OR REPLACE FUNCTION outbox.was_delivered_at_once(endpoint bigint, event bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM outbox.delivered_at_once o WHERE o.endpoint_id = endpoint AND o.event_id = event)
$$;

COMMENT ON FUNCTION outbox.was_delivered_at_once IS 'Whether a delivery is recorded as delivered with its first attempt.';
