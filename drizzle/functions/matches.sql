-- Whether an endpoint with these event types wants an event of this type.
CREATE OR REPLACE FUNCTION outbox.matches(event_types text[], type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN event_types IS NULL THEN NOT starts_with(type, 'outbox.') ELSE event_types && outbox.patterns(type) END;

COMMENT ON FUNCTION outbox.matches IS 'Whether an endpoint with these event types wants this one: null or * = all but the outbox''s own (outbox.…), order.* = order.shipped and order.a.b.';
