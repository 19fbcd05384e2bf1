-- outbox.emit() for JSON that comes as text from elsewhere. Postgres parses an argument of type json before the function begins,
-- and a text that is no JSON, or is nested some thousand levels deep, fails there. Here it becomes a visible failure.
CREATE OR REPLACE FUNCTION outbox.emit_text(type text, data text, key text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  parsed pg_catalog.json;
BEGIN
  BEGIN
    parsed := data::pg_catalog.json;
  EXCEPTION WHEN OTHERS THEN
    RETURN outbox.emit_failed(type, SQLSTATE, key, tenant);
  END;
  RETURN outbox.emit(type, parsed, key, tenant);
END $$;

COMMENT ON FUNCTION outbox.emit_text IS 'outbox.emit() for JSON as text: a text that is no JSON becomes an event outbox.capture.failed.';
