-- `SET LOCAL outbox.capture = off` loads history without events.
CREATE OR REPLACE FUNCTION outbox.capture_is_off() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('outbox.capture', true) = 'off', false);
