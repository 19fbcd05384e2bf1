-- An endpoint that becomes active again starts without an open breaker and without old failures.
CREATE OR REPLACE FUNCTION outbox.endpoint_resumed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM outbox.forget_failures(NEW.id);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER endpoint_resumed AFTER UPDATE ON outbox.endpoints FOR EACH ROW
WHEN (NEW.state = 'active' AND (OLD.state <> 'active' OR NEW.url <> OLD.url))
EXECUTE FUNCTION outbox.endpoint_resumed();

REVOKE EXECUTE ON FUNCTION outbox.endpoint_resumed FROM PUBLIC;
