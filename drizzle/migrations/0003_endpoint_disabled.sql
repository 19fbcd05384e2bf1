-- Whoever disables an endpoint, and for whatever reason: the operators' other endpoints are told, once.
CREATE FUNCTION outbox.endpoint_disabled() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.record(
    'outbox.endpoint.disabled',
    json_build_object(
      'endpoint_id', outbox.endpoint_id(NEW.id, NEW.nonce),
      'description', NEW.description,
      'reason', NEW.disabled_reason,
      'failing_since', (SELECT to_char(failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                        FROM outbox.endpoint_health WHERE endpoint_id = NEW.id)),
    'endpoints/' || outbox.endpoint_id(NEW.id, NEW.nonce),
    NEW.tenant);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER endpoint_disabled AFTER UPDATE ON outbox.endpoints FOR EACH ROW
WHEN (NEW.state = 'disabled' AND OLD.state <> 'disabled' AND NEW.deleted_at IS NULL)
EXECUTE FUNCTION outbox.endpoint_disabled();
--> statement-breakpoint
-- An endpoint that comes back starts with a clean slate: no open breaker, no old failures.
CREATE FUNCTION outbox.endpoint_resumed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.endpoint_health
  SET failures = 0, failing_since = NULL, not_before = NULL, probe_at = NULL, probes = 0, probing = false, slow_start_limit = NULL
  WHERE endpoint_id = NEW.id;
  NOTIFY outbox;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER endpoint_resumed AFTER UPDATE ON outbox.endpoints FOR EACH ROW
WHEN (NEW.state = 'active' AND (OLD.state <> 'active' OR NEW.url <> OLD.url))
EXECUTE FUNCTION outbox.endpoint_resumed();
