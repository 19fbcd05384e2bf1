-- Keeps an endpoint's version, remembers that its tenant has changed, and on creation notes which events it will get.
CREATE OR REPLACE FUNCTION outbox.endpoint_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- The endpoint gets every event committed from now on, and none that was committed before.
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO NEW.events_after FROM outbox.events_id_seq;
    NEW.created_snapshot := pg_current_snapshot();
  ELSE
    NEW.version := OLD.version + 1;
    NEW.changed_tenant := OLD.changed_tenant OR NEW.tenant IS DISTINCT FROM OLD.tenant;
    NEW.updated_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER endpoint_changed BEFORE INSERT OR UPDATE ON outbox.endpoints
FOR EACH ROW EXECUTE FUNCTION outbox.endpoint_changed();

REVOKE EXECUTE ON FUNCTION outbox.endpoint_changed FROM PUBLIC;
