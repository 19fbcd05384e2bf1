-- outbox.record() for events that come in over HTTP: any number of them, in one insert and in their order. The arrays run in
-- parallel, one place of each for an event.
CREATE OR REPLACE FUNCTION outbox.record_events(types text[], data json[], keys text[], tenants text[])
RETURNS TABLE (id text, occurred_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  -- As in outbox.record(): the transaction gets its id before the events do.
  PERFORM pg_current_xact_id();
  RETURN QUERY
  WITH written AS (
    INSERT INTO outbox.events AS e (type, data, key, tenant, actor, traceparent)
    SELECT outbox.event_type(given.type), coalesce(given.data, 'null'),
           outbox.bounded(given.key, 1000), outbox.bounded(given.tenant, 1000),
           outbox.context('outbox.actor'), outbox.context('outbox.traceparent')
    FROM unnest(types, data, keys, tenants) WITH ORDINALITY AS given (type, data, key, tenant, place)
    -- Ids are given to sorted rows, so they ascend in the order of the list, and events of one key stay in it.
    ORDER BY given.place
    RETURNING e.id, e.nonce, e.occurred_at
  ),
  unsent AS (
    INSERT INTO outbox.fanout (event_id)
    SELECT w.id FROM written AS w ORDER BY w.id
  )
  SELECT outbox.event_id(w.id, w.nonce), w.occurred_at
  FROM written AS w
  ORDER BY w.id;
  -- First the rows, then the question, as in outbox.record().
  IF outbox.must_notify() THEN
    NOTIFY outbox;
  END IF;
END $$;

COMMENT ON FUNCTION outbox.record_events IS 'Writes several events in the writer''s transaction, in their order, and wakes the listener.';

REVOKE EXECUTE ON FUNCTION outbox.record_events FROM PUBLIC;
