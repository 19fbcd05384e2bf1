-- The event in place of one whose data could not be read: it says why, never what.
CREATE OR REPLACE FUNCTION outbox.emit_failed(type text, sqlstate text, key text, tenant text) RETURNS text
LANGUAGE sql VOLATILE
RETURN outbox.record('outbox.capture.failed',
  json_build_object('table', NULL, 'operation', 'emit', 'sqlstate', sqlstate, 'type', outbox.event_type(type)), key, tenant);
