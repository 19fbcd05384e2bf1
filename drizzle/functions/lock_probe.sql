-- Locks the delivery that an open breaker lets through, and returns where its row is. `nearest` goes first if it may: a
-- receiver that refuses the first tries of each webhook accepts that one soonest. Otherwise any that is due, because a
-- receiver that refuses some webhooks may accept others: by equal chances one that has been due the longest, the shortest, or
-- since a random moment. A few index probes, however many wait. Null where another session has locked that one, or its key
-- waits for an earlier event: the claim then takes what it finds.
CREATE OR REPLACE FUNCTION outbox.lock_probe(lane bigint, nearest bigint, until timestamptz) RETURNS tid
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moment timestamptz;
  highest bigint;
  lowest bigint;
  chosen tid;
  key text;
BEGIN
  IF nearest IS NULL THEN
    SELECT d.due_at INTO moment FROM outbox.delivery_rows d
    WHERE d.endpoint_id = lane AND d.state = 'pending' ORDER BY d.due_at LIMIT 1;
    moment := moment + least(1, greatest(0, 3 * random() - 1)) * (until - moment);
    SELECT d.due_at, d.event_id INTO moment, highest FROM outbox.delivery_rows d
    WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.due_at <= moment ORDER BY d.due_at DESC, d.event_id DESC LIMIT 1;
    -- Everything that one fan-out made became due at the same moment.
    SELECT d.event_id INTO lowest FROM outbox.delivery_rows d
    WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.due_at = moment ORDER BY d.event_id LIMIT 1;
    lowest := lowest + floor(random() * (highest - lowest + 1));
    SELECT d.ctid, d.ordering_key INTO chosen, key FROM outbox.delivery_rows d
    WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.due_at = moment AND d.event_id >= lowest ORDER BY d.event_id LIMIT 1;
  ELSE
    SELECT d.ctid, d.ordering_key INTO chosen, key FROM outbox.delivery_rows d WHERE d.endpoint_id = lane AND d.event_id = nearest;
  END IF;
  IF key IS NOT NULL THEN
    SELECT d.ctid INTO chosen FROM outbox.delivery_rows d
    WHERE d.endpoint_id = lane AND d.ordering_key = key AND d.state IN ('pending', 'sending')
    ORDER BY d.event_id LIMIT 1;
  END IF;
  -- By its address: by its id, a generic plan may read all that is pending.
  SELECT d.ctid INTO chosen FROM outbox.delivery_rows d
  WHERE d.ctid = chosen AND d.state = 'pending' AND d.due_at <= until
  FOR UPDATE SKIP LOCKED;
  IF chosen IS NULL AND nearest IS NOT NULL THEN RETURN outbox.lock_probe(lane, NULL, until); END IF;
  RETURN chosen;
END $$;

COMMENT ON FUNCTION outbox.lock_probe IS 'Locks the delivery of an endpoint that goes out as a probe of its circuit breaker; its ctid, or null.';
