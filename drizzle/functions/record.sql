-- Step 2 in the life of an event: it is written in the writer's own transaction. Anyone may call it; it shows nothing.
CREATE OR REPLACE FUNCTION outbox.record(type text, data json, key text, tenant text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
  new_nonce integer;
BEGIN
  -- The transaction gets its id before the event does: so the transactions in flight tell which lower event ids may still
  -- appear.
  PERFORM pg_current_xact_id();
  INSERT INTO outbox.events AS e (type, data, key, tenant, actor, traceparent)
  VALUES (outbox.event_type(type), coalesce(data, 'null'), outbox.bounded(key, 1000), outbox.bounded(tenant, 1000),
          outbox.context('outbox.actor'), outbox.context('outbox.traceparent'))
  RETURNING e.id, e.nonce INTO new_id, new_nonce;
  INSERT INTO outbox.fanout (event_id) VALUES (new_id);
  -- First the row, then the question: by now this transaction has an id, and a listener that stops polling waits for it.
  IF outbox.must_notify() THEN
    -- Constant payload: a payload can be too long, and counting notifications never counts events.
    NOTIFY outbox;
  END IF;
  RETURN outbox.event_id(new_id, new_nonce);
END $$;

COMMENT ON FUNCTION outbox.record IS 'Writes one event in the writer''s transaction and wakes the listener.';
