-- A changed signing key gives its endpoint a new version, so that senders read the keys again.
CREATE OR REPLACE FUNCTION outbox.secret_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.endpoints SET updated_at = clock_timestamp() WHERE id = coalesce(NEW.endpoint_id, OLD.endpoint_id);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER secret_changed AFTER INSERT OR UPDATE OR DELETE ON outbox.endpoint_secrets
FOR EACH ROW EXECUTE FUNCTION outbox.secret_changed();

REVOKE EXECUTE ON FUNCTION outbox.secret_changed FROM PUBLIC;
