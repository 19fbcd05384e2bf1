-- Cancels so many of what waits to be sent, and returns how many it found: less than that is the rest. Deliveries that are leased
-- are among it, because in a copy the sender that leased them is another database's.
CREATE OR REPLACE FUNCTION outbox.cancel_waiting(max_rows integer, reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found integer;
  canceled integer;
BEGIN
  DELETE FROM outbox.fanout WHERE event_id = ANY (ARRAY(SELECT event_id FROM outbox.fanout LIMIT max_rows));
  GET DIAGNOSTICS canceled = ROW_COUNT;

  UPDATE outbox.delivery_rows d
  SET state = 'canceled', reason = cancel_waiting.reason, lease = NULL, leased_until = NULL, finished_at = clock_timestamp()
  WHERE d.ctid = ANY (ARRAY(SELECT ctid FROM outbox.delivery_rows WHERE state IN ('pending', 'sending') LIMIT max_rows - canceled));
  GET DIAGNOSTICS found = ROW_COUNT;
  canceled := canceled + found;

  WITH leased AS (
    DELETE FROM outbox.delivery_groups g
    WHERE g.ctid = ANY (ARRAY(SELECT ctid FROM outbox.delivery_groups LIMIT ceil((max_rows - canceled) / 200.0)::int))
    RETURNING endpoint_id, event_ids, created_at
  ), rows AS (
    INSERT INTO outbox.delivery_rows (endpoint_id, event_id, state, due_at, reason, created_at, finished_at)
    SELECT endpoint_id, e, 'canceled', created_at, cancel_waiting.reason, created_at, clock_timestamp() FROM leased, unnest(event_ids) AS e
    ON CONFLICT (endpoint_id, event_id) DO NOTHING
  )
  SELECT coalesce(sum(cardinality(event_ids)), 0)::int INTO found FROM leased;
  RETURN canceled + found;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.cancel_waiting FROM PUBLIC;
