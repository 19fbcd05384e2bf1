-- Gives a new endpoint its row of health.
CREATE OR REPLACE FUNCTION outbox.create_endpoint_health() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO outbox.endpoint_health (endpoint_id) VALUES (NEW.id);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER create_endpoint_health AFTER INSERT ON outbox.endpoints
FOR EACH ROW EXECUTE FUNCTION outbox.create_endpoint_health();

REVOKE EXECUTE ON FUNCTION outbox.create_endpoint_health FROM PUBLIC;
