-- When an endpoint is disabled, for whatever reason, the operators' other endpoints are told once.
CREATE OR REPLACE FUNCTION outbox.endpoint_disabled() RETURNS trigger
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

CREATE OR REPLACE TRIGGER endpoint_disabled AFTER UPDATE ON outbox.endpoints FOR EACH ROW
WHEN (NEW.state = 'disabled' AND OLD.state <> 'disabled' AND NEW.deleted_at IS NULL)
EXECUTE FUNCTION outbox.endpoint_disabled();

REVOKE EXECUTE ON FUNCTION outbox.endpoint_disabled FROM PUBLIC;
