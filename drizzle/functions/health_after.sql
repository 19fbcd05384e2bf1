-- What a batch of settled attempts makes of an endpoint's health: the rules of delivery/breaker.ts. settle.sql calls it under
-- the lock of the row, and only for endpoints that are not simply healthy: written there, these rules would cost every
-- statement a tenth. dev/breaker/rules.ts has the same in TypeScript, for simulations.
--
-- failed_tries: of each failure that counts as an attempt, the number of its try. nearest: of those that will be tried again,
-- the most tries and, negative, the event. failed_events: all that failed. excused: our own network failed.
CREATE OR REPLACE FUNCTION outbox.health_after(
  health outbox.endpoint_health, max_in_flight integer, successes integer, accepted_try integer, failed_tries integer[],
  throttled boolean, excused boolean, pause double precision, nearest bigint[], failed_events bigint[],
  failures_to_open integer[], probe_schedule double precision[], jitter double precision, slow_start integer,
  doubt_seconds double precision
) RETURNS outbox.endpoint_health
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moment timestamptz := clock_timestamp();
  failed integer := coalesce(cardinality(failed_tries), 0);
  early integer := (SELECT count(*) FROM unnest(failed_tries) AS try WHERE try < health.tries_needed);
  is_open boolean := health.probe_at IS NOT NULL;
  in_doubt boolean := coalesce(moment < health.doubted_at + make_interval(secs => doubt_seconds), false);
  relapses integer := CASE WHEN in_doubt THEN least(health.relapses, cardinality(failures_to_open) - 1) ELSE 0 END;
  row_length integer;
BEGIN
  health.not_before := greatest(health.not_before, moment + make_interval(secs => pause));
  health.probing := health.probing AND successes = 0;

  -- After the breaker has closed, one more in flight with each success and one fewer with each failure.
  IF is_open AND successes > 0 THEN
    health.slow_start_limit := slow_start;
  ELSIF health.slow_start_limit IS NOT NULL THEN
    health.slow_start_limit := greatest(slow_start, health.slow_start_limit + successes - failed + early);
  END IF;
  IF health.slow_start_limit >= max_in_flight THEN health.slow_start_limit := NULL; END IF;

  IF successes > 0 THEN
    health.failures := 0;
    health.early_failures := 0;
    health.failing_since := NULL;
    health.nearest_event_id := NULL;
    health.tries_needed := CASE WHEN is_open THEN accepted_try ELSE least(health.tries_needed, accepted_try) END;
    health.doubted_at := CASE WHEN is_open THEN moment ELSE health.doubted_at END;
    health.probe_at := NULL;
    health.probes := 0;
    RETURN health;
  END IF;

  health.failures := health.failures + failed;
  health.early_failures := health.early_failures + early;
  IF failed > 0 THEN health.failing_since := coalesce(health.failing_since, moment); END IF;
  health.nearest_event_id := coalesce(
    (SELECT d.event_id FROM outbox.delivery_rows d
     WHERE d.endpoint_id = health.endpoint_id AND d.event_id = health.nearest_event_id AND d.state IN ('pending', 'sending')
       AND d.event_id <> ALL (coalesce(failed_events, '{}')) AND d.attempt - d.retry_base >= coalesce(nearest[1], 0)),
    -nearest[2]);

  -- Each failed probe takes the next pause of the schedule. One that our own network prevented is made again at once.
  IF health.probing THEN
    health.probing := false;
    IF excused THEN
      health.probe_at := moment;
      RETURN health;
    END IF;
    health.probes := health.probes + 1;
  ELSIF is_open OR failed = 0 THEN
    RETURN health;
  ELSE
    row_length := health.failures - health.early_failures;
    IF row_length < failures_to_open[relapses + 1] THEN
      IF in_doubt AND row_length >= failures_to_open[1] THEN health.doubted_at := moment; END IF;
      RETURN health;
    END IF;
    -- Throttling is no sign that the breaker was wrong to open: the receiver does want fewer requests.
    health.relapses := least(relapses + CASE WHEN throttled THEN 0 ELSE 1 END, cardinality(failures_to_open) - 1);
  END IF;
  health.probe_at := moment + make_interval(secs => (1 - jitter + 2 * jitter * random())
    * probe_schedule[least(health.probes + 1, cardinality(probe_schedule))]);
  RETURN health;
END $$;

COMMENT ON FUNCTION outbox.health_after IS 'The health of an endpoint after a batch of attempts has been settled.';
