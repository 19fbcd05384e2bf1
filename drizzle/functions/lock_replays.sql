-- The running replays whose turn it is, locked: pinned ones (step_parts.sql), or those that go through an endpoint's events
-- (step_replay.sql). What another sender is stepping is skipped. A function, so that the statement that calls it locks nothing
-- itself: it reads partitions (was_delivered_at_once.sql). It sees rows that are newer than the statement's snapshot: another
-- sender may have made a step in between. `stepped_at` tells.
CREATE OR REPLACE FUNCTION outbox.lock_replays(are_pinned boolean, max_rows integer) RETURNS SETOF outbox.replays
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.*
  FROM outbox.replays r
  WHERE r.state = 'running' AND (r.token_hash IS NOT NULL) = are_pinned
    AND (are_pinned OR r.stepped_at <= clock_timestamp() - make_interval(secs => least(0.5, 1 / r.rate_per_second)))
  ORDER BY r.stepped_at
  LIMIT max_rows
  FOR UPDATE SKIP LOCKED
$$;

COMMENT ON FUNCTION outbox.lock_replays IS 'The running replays whose turn it is, locked.';
