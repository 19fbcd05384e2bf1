-- An endpoint that becomes active again starts without an open breaker and without old failures.
CREATE OR REPLACE FUNCTION outbox.endpoint_resumed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.endpoint_health
  SET failures = 0, early_failures = 0, failing_since = NULL, not_before = NULL, probe_at = NULL, probes = 0, probing = false,
      nearest_event_id = NULL, tries_needed = 1, relapses = 0, doubted_at = NULL, slow_start_limit = NULL
  WHERE endpoint_id = NEW.id;
  PERFORM outbox.wake();
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER endpoint_resumed AFTER UPDATE ON outbox.endpoints FOR EACH ROW
WHEN (NEW.state = 'active' AND (OLD.state <> 'active' OR NEW.url <> OLD.url))
EXECUTE FUNCTION outbox.endpoint_resumed();

REVOKE EXECUTE ON FUNCTION outbox.endpoint_resumed FROM PUBLIC;
