-- Quiet wake-up. A NOTIFY takes a lock that serializes every commit on the server, so writers send one only when nobody
-- is awake: an awake listener holds an advisory lock, and a writer that gets its shared form knows that all are asleep.
-- Why no event is lost is written down in worker/wake/notify-suppression.ts.

-- Whether a listener is awake. One expression, so that no cancel can come between taking the lock and giving it back.
CREATE FUNCTION outbox.someone_is_awake() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN CASE WHEN pg_try_advisory_lock_shared(1869967992, 2) THEN NOT pg_advisory_unlock_shared(1869967992, 2) ELSE true END;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION outbox.record(type text, data json, key text, tenant text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
  new_nonce integer;
BEGIN
  -- The transaction gets its id before the event gets one: whoever knows which transactions are in flight then knows
  -- which lower event ids may still appear.
  PERFORM pg_current_xact_id();
  -- An event's content must never make the writer's transaction fail: a bad type is mended, a long key is shortened.
  IF type IS NULL OR type !~ '^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$' OR octet_length(type) > 200 THEN
    type := coalesce(nullif(trim(BOTH '.' FROM
      regexp_replace(regexp_replace(left(type, 100), '[^A-Za-z0-9_.]', '_', 'g'), '\.{2,}', '.', 'g')), ''), 'unnamed');
  END IF;
  WITH event AS (
    INSERT INTO outbox.events (type, data, key, tenant, actor, traceparent)
    VALUES (type, coalesce(data, 'null'), outbox.bounded(key, 1000), outbox.bounded(tenant, 1000),
            nullif(current_setting('outbox.actor', true), ''), nullif(current_setting('outbox.traceparent', true), ''))
    RETURNING events.id, events.nonce
  ), waiting AS (
    INSERT INTO outbox.fanout (event_id) SELECT event.id FROM event
  )
  SELECT event.id, event.nonce INTO new_id, new_nonce FROM event;
  -- First the row, then the look: by now this transaction has an id that a listener falling asleep waits for.
  -- `ALTER DATABASE … SET outbox.notify = off` does without notifications; listeners then find events when they poll.
  IF (CASE WHEN current_setting('outbox.notify', true) = 'off' THEN false ELSE NOT outbox.someone_is_awake() END) THEN
    -- Constant payload: a payload can be too long, and counting notifications never counts events.
    NOTIFY outbox;
  END IF;
  RETURN outbox.event_id(new_id, new_nonce);
END $$;
