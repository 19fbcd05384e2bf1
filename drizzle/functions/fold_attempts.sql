-- History: adds what senders have tallied to attempt_minutes. Once a minute it also looks up for how long the oldest pending
-- deliveries have been due and whether operators are to be told something, and every ten minutes it deletes what is too old: minutes older than `keep`, hours twelve times
-- as old.
--
-- One call takes `max_tallies` at most; call it again while it has taken so many. It does nothing while another one runs.
CREATE OR REPLACE FUNCTION outbox.fold_attempts(keep interval, max_tallies integer, OUT folded integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  started CONSTANT timestamptz := clock_timestamp();
  this_minute CONSTANT timestamptz := date_bin('1 minute', started, 'epoch');
  past outbox.history;
BEGIN
  folded := 0;
  IF NOT pg_try_advisory_xact_lock(1869967992, 5) THEN RETURN; END IF;

  WITH tally AS MATERIALIZED (
    DELETE FROM outbox.attempt_tallies
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox.attempt_tallies LIMIT max_tallies))
    RETURNING *
  -- Slot 0 counts the attempts, 1 to 13 the durations up to each bound and above the last, 14 to 27 the delays.
  ), counted AS (
    SELECT endpoint_id, minute, sender, error, 0 AS slot, sum(attempts) AS n, 0 AS ms
    FROM tally
    GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT endpoint_id, minute, sender, error,
           1 + width_bucket(d - 1, '{5,10,25,50,100,250,500,1000,2500,5000,10000,15000}'::integer[]), count(*), sum(d)
    FROM tally
    CROSS JOIN unnest(durations_ms) AS d
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT endpoint_id, minute, sender, error,
           14 + width_bucket(d - 1, '{5,10,25,50,100,250,500,1000,2500,5000,15000,60000,300000}'::integer[]), count(*), sum(d)
    FROM tally
    CROSS JOIN unnest(delays_ms) AS d
    GROUP BY 1, 2, 3, 4, 5
  -- What each attempt counts for: its endpoint, its tenant's endpoints and all endpoints, in its minute and its hour.
  ), scoped AS (
    SELECT scope.endpoint_id, scope.tenant, span.minutes,
           date_bin(make_interval(mins => span.minutes), c.minute, 'epoch') AS begins_at, c.sender, c.error, c.slot, c.n, c.ms
    FROM counted c
    LEFT JOIN outbox.endpoints p ON p.id = c.endpoint_id
    CROSS JOIN (VALUES (1), (60)) AS span (minutes)
    CROSS JOIN LATERAL (VALUES (c.endpoint_id, ''), (0, ''), (0, nullif(p.tenant, ''))) AS scope (endpoint_id, tenant)
    WHERE scope.tenant IS NOT NULL
  ), added AS (
    INSERT INTO outbox.attempt_minutes AS m
      (endpoint_id, tenant, minutes, begins_at, sender, outcome, attempts, durations, duration_ms, delays, delay_ms)
    SELECT endpoint_id, tenant, minutes, begins_at, sender, coalesce(error, 'delivered'),
           coalesce(sum(n) FILTER (WHERE slot = 0), 0),
           CASE WHEN count(*) FILTER (WHERE slot BETWEEN 1 AND 13) > 0 THEN array_replace(ARRAY[
             sum(n) FILTER (WHERE slot = 1), sum(n) FILTER (WHERE slot = 2), sum(n) FILTER (WHERE slot = 3),
             sum(n) FILTER (WHERE slot = 4), sum(n) FILTER (WHERE slot = 5), sum(n) FILTER (WHERE slot = 6),
             sum(n) FILTER (WHERE slot = 7), sum(n) FILTER (WHERE slot = 8), sum(n) FILTER (WHERE slot = 9),
             sum(n) FILTER (WHERE slot = 10), sum(n) FILTER (WHERE slot = 11), sum(n) FILTER (WHERE slot = 12),
             sum(n) FILTER (WHERE slot = 13)
           ]::integer[], NULL, 0) END,
           coalesce(sum(ms) FILTER (WHERE slot BETWEEN 1 AND 13), 0),
           CASE WHEN count(*) FILTER (WHERE slot >= 14) > 0 THEN array_replace(ARRAY[
             sum(n) FILTER (WHERE slot = 14), sum(n) FILTER (WHERE slot = 15), sum(n) FILTER (WHERE slot = 16),
             sum(n) FILTER (WHERE slot = 17), sum(n) FILTER (WHERE slot = 18), sum(n) FILTER (WHERE slot = 19),
             sum(n) FILTER (WHERE slot = 20), sum(n) FILTER (WHERE slot = 21), sum(n) FILTER (WHERE slot = 22),
             sum(n) FILTER (WHERE slot = 23), sum(n) FILTER (WHERE slot = 24), sum(n) FILTER (WHERE slot = 25),
             sum(n) FILTER (WHERE slot = 26), sum(n) FILTER (WHERE slot = 27)
           ]::integer[], NULL, 0) END,
           coalesce(sum(ms) FILTER (WHERE slot >= 14), 0)
    FROM scoped
    GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (endpoint_id, tenant, minutes, begins_at, sender, outcome) DO UPDATE
    SET attempts = m.attempts + excluded.attempts,
        durations = nullif(ARRAY(SELECT coalesce(a, 0) + coalesce(b, 0)
                                 FROM unnest(m.durations, excluded.durations) AS u (a, b)), '{}'),
        duration_ms = m.duration_ms + excluded.duration_ms,
        delays = nullif(ARRAY(SELECT coalesce(a, 0) + coalesce(b, 0)
                              FROM unnest(m.delays, excluded.delays) AS u (a, b)), '{}'),
        delay_ms = m.delay_ms + excluded.delay_ms
  )
  SELECT count(*) INTO folded FROM tally;

  INSERT INTO outbox.history AS h (folded_at, sampled_at, cleaned_at)
  VALUES (started, '-infinity', '-infinity')
  ON CONFLICT (id) DO UPDATE SET folded_at = CASE WHEN folded < max_tallies THEN started ELSE h.folded_at END
  RETURNING * INTO past;
  IF past.sampled_at < this_minute THEN
    PERFORM outbox.sample_backlog(this_minute);
    UPDATE outbox.history SET sampled_at = this_minute;
    BEGIN
      PERFORM outbox.raise_alarms();
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'alarms could not be looked up (%)', SQLSTATE; -- the history must go on
    END;
  END IF;
  IF past.cleaned_at < started - interval '10 minutes' THEN
    PERFORM outbox.clean_history(started - keep, started - 12 * keep);
    UPDATE outbox.history SET cleaned_at = started;
  END IF;
END $$;

COMMENT ON FUNCTION outbox.fold_attempts IS 'Adds what senders have tallied to attempt_minutes, samples the backlog and deletes what is too old. Called by listeners and by the cron function.';

REVOKE EXECUTE ON FUNCTION outbox.fold_attempts FROM PUBLIC;
