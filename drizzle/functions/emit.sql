-- Writes one event in the caller's transaction and returns its public id. Anyone may call it.
CREATE OR REPLACE FUNCTION outbox.emit(type text, data jsonb, key text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
RETURN outbox.record(type, data::text::json, key, tenant);

COMMENT ON FUNCTION outbox.emit IS 'Writes one event in the caller''s transaction and returns its public id.';
