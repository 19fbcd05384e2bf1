-- Writes one event in the caller's transaction and returns its public id. Members of outbox_emitter may call it, and everybody
-- in a database whose PUBLIC keeps its usual rights (docs/roles.md).
--
-- No content of an event makes the transaction fail. `json` keeps what `jsonb` cannot: \u0000, half a surrogate pair, a number
-- out of range. So a literal and a parameter without a type must be taken for json, although jsonb is accepted too. Postgres
-- decides that by the first argument: among candidates it prefers plain text to the domain.
-- What jsonb can hold is kept as jsonb prints it; anything else, as it was written.
CREATE OR REPLACE FUNCTION outbox.emit(type text, data json, key text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  printed pg_catalog.json := data;
BEGIN
  BEGIN
    printed := data::pg_catalog.jsonb::pg_catalog.text::pg_catalog.json;
  EXCEPTION WHEN OTHERS THEN
    NULL; -- data stays as it was written
  END;
  RETURN outbox.record(type, printed, key, tenant);
END $$;

-- What jsonb holds may still be too long or too deep to be printed.
CREATE OR REPLACE FUNCTION outbox.emit(type outbox.event_type_text, data jsonb, key text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  printed pg_catalog.json;
BEGIN
  BEGIN
    printed := data::pg_catalog.text::pg_catalog.json;
  EXCEPTION WHEN OTHERS THEN
    RETURN outbox.emit_failed(type, SQLSTATE, key, tenant);
  END;
  RETURN outbox.record(type, printed, key, tenant);
END $$;

COMMENT ON FUNCTION outbox.emit(text, json, text, text) IS 'Writes one event in the caller''s transaction and returns its public id.';
COMMENT ON FUNCTION outbox.emit(outbox.event_type_text, jsonb, text, text) IS 'Writes one event in the caller''s transaction and returns its public id.';
