-- The public id of an endpoint.
CREATE OR REPLACE FUNCTION outbox.endpoint_id(id bigint, nonce integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 'ep_' || lpad(to_hex(id), 16, '0') || lpad(to_hex(nonce), 8, '0');
