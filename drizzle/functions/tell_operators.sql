-- Writes an event about the outbox itself, if an endpoint that is not disabled asks for its type by name. A tenant's endpoints get
-- what is their tenant's.
CREATE OR REPLACE FUNCTION outbox.tell_operators(type text, data json, key text, tenant text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM outbox.endpoints p
             WHERE p.tenant IS NULL AND p.event_types && outbox.patterns(tell_operators.type) AND p.state <> 'disabled')
     OR EXISTS (SELECT FROM outbox.endpoints p
                WHERE p.tenant = tell_operators.tenant AND p.event_types && outbox.patterns(tell_operators.type) AND p.state <> 'disabled') THEN
    PERFORM outbox.record(type, data, key, tenant);
  END IF;
END $$;

COMMENT ON FUNCTION outbox.tell_operators IS 'Writes an event about the outbox itself, if somebody asks for its type.';

REVOKE EXECUTE ON FUNCTION outbox.tell_operators FROM PUBLIC;
