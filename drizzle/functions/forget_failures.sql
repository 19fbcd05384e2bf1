-- An endpoint gets a clean slate: no open breaker, no pause that its receiver asked for, no failures. What is due leaves now.
CREATE OR REPLACE FUNCTION outbox.forget_failures(endpoint bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.endpoint_health
  SET failures = 0, early_failures = 0, failing_since = NULL, not_before = NULL, probe_at = NULL, probes = 0, probing = false,
      nearest_event_id = NULL, tries_needed = 1, relapses = 0, doubted_at = NULL, slow_start_limit = NULL
  WHERE endpoint_id = endpoint;
  PERFORM outbox.wake();
END $$;

COMMENT ON FUNCTION outbox.forget_failures IS 'Gives an endpoint a clean slate: no open breaker, no pause, no failures.';
