-- Every entry of `event_types` that lets this type pass. An array, so that one cheap overlap answers for each endpoint: the
-- claim computes it once for each type.
CREATE OR REPLACE FUNCTION outbox.patterns(type text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[type]
  || CASE WHEN starts_with(type, 'outbox.') THEN '{}' ELSE '{*}' END::text[]
  || ARRAY(SELECT left(type, place) || '*' FROM generate_series(1, length(type)) AS place WHERE substr(type, place, 1) = '.');

COMMENT ON FUNCTION outbox.patterns IS 'Every event type an endpoint may name to get this type: order.shipped itself, order.*, and * unless it is one of the outbox''s own.';
