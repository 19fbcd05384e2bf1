-- Which event types an endpoint may name to get this one. An array, so that one cheap overlap answers for each endpoint:
-- the claim computes it once for each type.
CREATE FUNCTION outbox.patterns(type text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[type]
  || CASE WHEN starts_with(type, 'outbox.') THEN '{}' ELSE '{*}' END::text[]
  || ARRAY(SELECT left(type, place) || '*' FROM generate_series(1, length(type)) AS place WHERE substr(type, place, 1) = '.');
--> statement-breakpoint
COMMENT ON FUNCTION outbox.patterns IS 'Every event type an endpoint may name to get this type: order.shipped itself, order.*, and * unless it is one of the outbox''s own.';
--> statement-breakpoint
CREATE OR REPLACE FUNCTION outbox.matches(event_types text[], type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN event_types IS NULL THEN NOT starts_with(type, 'outbox.') ELSE event_types && outbox.patterns(type) END;
