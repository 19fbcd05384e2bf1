-- The keys of an endpoint that have anything open, in their order behind `after`, each with its oldest event: one index probe
-- a key, however much is open.
CREATE OR REPLACE FUNCTION outbox.open_keys(lane bigint, after text, key_limit integer)
RETURNS TABLE (ordering_key text, place integer, oldest tid, state outbox.delivery_state, due_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  ordering_key := coalesce(after, '');
  FOR n IN 1 .. key_limit LOOP
    SELECT d.ordering_key, d.ctid, d.state, d.due_at INTO ordering_key, oldest, state, due_at
    FROM outbox.delivery_rows d
    WHERE d.endpoint_id = lane AND d.ordering_key > open_keys.ordering_key
      AND d.state IN ('pending', 'sending') AND d.ordering_key IS NOT NULL
    ORDER BY d.ordering_key, d.event_id
    LIMIT 1;
    EXIT WHEN NOT FOUND;
    place := n;
    RETURN NEXT;
  END LOOP;
END $$;

COMMENT ON FUNCTION outbox.open_keys IS 'The keys of an endpoint that have open deliveries, each with its oldest one.';
