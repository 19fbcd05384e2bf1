-- Finds where a time lies among the ids of events, by halving: some 40 reads of the primary key for any number of events.
-- Ids and times are given out together, so they rise together unless a clock was set back; hence the five minutes.
CREATE OR REPLACE FUNCTION outbox.last_event_before(moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE search (low, high) AS (
    SELECT coalesce(min(id) - 1, 0), coalesce(max(id), 0) FROM outbox.events
    UNION ALL
    -- `low` stays below the first event of that time, and the last event before it is never above `high`.
    SELECT CASE WHEN early THEN probe.id ELSE low END, CASE WHEN early THEN high ELSE middle END
    FROM search
    CROSS JOIN LATERAL (SELECT low + (high - low) / 2 AS middle) half
    CROSS JOIN LATERAL (
      SELECT e.id, e.occurred_at < moment - interval '5 minutes' AS early
      FROM outbox.events e WHERE e.id > middle ORDER BY e.id LIMIT 1
    ) probe
    WHERE low < high
  )
  SELECT max(low) FROM search
$$;

COMMENT ON FUNCTION outbox.last_event_before IS 'An event id such that all events of the moment and later, and few others, are above it.';
