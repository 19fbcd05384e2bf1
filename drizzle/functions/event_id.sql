-- The public id of an event, which is also its webhook-id.
CREATE OR REPLACE FUNCTION outbox.event_id(id bigint, nonce integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 'evt_' || lpad(to_hex(id), 16, '0') || lpad(to_hex(nonce), 8, '0');

COMMENT ON FUNCTION outbox.event_id IS 'The public id of an event: also its webhook-id.';
