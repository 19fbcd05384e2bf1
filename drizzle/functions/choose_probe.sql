-- Which delivery an open breaker lets through. `nearest` goes first if it may: a receiver that refuses the first tries of each
-- webhook accepts that one soonest. Otherwise any that is due, because a receiver that refuses some webhooks may accept
-- others. A third of those have been due the longest, a third the shortest, and a third since a random moment. It takes a few
-- index probes, however many wait. Null where that one's key waits for an earlier event: the claim then takes what it finds.
CREATE OR REPLACE FUNCTION outbox.choose_probe(lane bigint, nearest bigint, until timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moment timestamptz;
  highest bigint;
  lowest bigint;
  chosen outbox.deliveries;
BEGIN
  IF nearest IS NULL THEN
    SELECT d.due_at INTO moment FROM outbox.deliveries d
    WHERE d.endpoint_id = lane AND d.state = 'pending' ORDER BY d.due_at LIMIT 1;
    moment := moment + least(1, greatest(0, 3 * random() - 1)) * (until - moment);
    SELECT d.due_at, d.event_id INTO moment, highest FROM outbox.deliveries d
    WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.due_at <= moment ORDER BY d.due_at DESC, d.event_id DESC LIMIT 1;
    -- Everything that one fan-out made became due at the same moment.
    SELECT d.event_id INTO lowest FROM outbox.deliveries d
    WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.due_at = moment ORDER BY d.event_id LIMIT 1;
    lowest := lowest + floor(random() * (highest - lowest + 1));
    SELECT d.* INTO chosen FROM outbox.deliveries d
    WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.due_at = moment AND d.event_id >= lowest ORDER BY d.event_id LIMIT 1;
  ELSE
    SELECT d.* INTO chosen FROM outbox.deliveries d WHERE d.endpoint_id = lane AND d.event_id = nearest;
  END IF;
  IF chosen.ordering_key IS NOT NULL THEN
    SELECT d.* INTO chosen FROM outbox.deliveries d
    WHERE d.endpoint_id = lane AND d.ordering_key = chosen.ordering_key AND d.state IN ('pending', 'sending')
    ORDER BY d.event_id LIMIT 1;
  END IF;
  IF chosen.state = 'pending' AND chosen.due_at <= until THEN RETURN chosen.event_id; END IF;
  RETURN CASE WHEN nearest IS NOT NULL THEN outbox.choose_probe(lane, NULL, until) END;
END $$;

COMMENT ON FUNCTION outbox.choose_probe IS 'The delivery of an endpoint that goes out as a probe of its circuit breaker, or null.';
