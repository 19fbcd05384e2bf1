-- Finds where a time lies among the ids of events, by halving: some 40 reads of the primary key for any number of events.
-- Ids and times are given out together, so they rise together unless a clock was set back; hence the five minutes.
CREATE OR REPLACE FUNCTION outbox.last_event_before(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- `low` stays below the first event of that time, and the last event before it is never above `high`.
  low bigint := coalesce((SELECT min(e.id) - 1 FROM outbox.events e), 0);
  high bigint := coalesce((SELECT max(e.id) FROM outbox.events e), 0);
  middle bigint;
  next record;
BEGIN
  WHILE low < high LOOP
    middle := low + (high - low) / 2;
    SELECT e.id, e.occurred_at INTO next FROM outbox.events e WHERE e.id > middle ORDER BY e.id LIMIT 1;
    IF next.occurred_at < moment - interval '5 minutes' THEN low := next.id; ELSE high := middle; END IF;
  END LOOP;
  RETURN low;
END $$;

COMMENT ON FUNCTION outbox.last_event_before IS 'An event id such that all events of the moment and later, and few others, are above it.';
