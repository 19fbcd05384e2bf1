-- When an endpoint's circuit breaker opens, and when a success closes it, the operators' endpoints are told once.
CREATE OR REPLACE FUNCTION outbox.endpoint_breaker() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  endpoint outbox.endpoints;
BEGIN
  SELECT * INTO endpoint FROM outbox.endpoints WHERE id = NEW.endpoint_id;
  PERFORM outbox.tell_operators(
    CASE WHEN NEW.probe_at IS NULL THEN 'outbox.endpoint.recovered' ELSE 'outbox.endpoint.failing' END,
    json_build_object(
      'endpoint_id', outbox.endpoint_id(endpoint.id, endpoint.nonce),
      'description', endpoint.description,
      'failing_since', to_char(coalesce(NEW.failing_since, OLD.failing_since) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    'endpoints/' || outbox.endpoint_id(endpoint.id, endpoint.nonce),
    endpoint.tenant);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER endpoint_failing AFTER UPDATE ON outbox.endpoint_health FOR EACH ROW
WHEN (OLD.probe_at IS NULL AND NEW.probe_at IS NOT NULL)
EXECUTE FUNCTION outbox.endpoint_breaker();

-- A success notes when it has closed the breaker; a person who resumes the endpoint forgets everything.
CREATE OR REPLACE TRIGGER endpoint_recovered AFTER UPDATE ON outbox.endpoint_health FOR EACH ROW
WHEN (OLD.probe_at IS NOT NULL AND NEW.probe_at IS NULL AND NEW.doubted_at IS NOT NULL)
EXECUTE FUNCTION outbox.endpoint_breaker();

REVOKE EXECUTE ON FUNCTION outbox.endpoint_breaker FROM PUBLIC;
