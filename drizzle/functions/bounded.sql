-- The value itself or, if it is too long for an index, its beginning and its hash. Equal values stay equal.
CREATE OR REPLACE FUNCTION outbox.bounded(value text, max_bytes integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(value) <= max_bytes THEN value
            ELSE left(value, (max_bytes - 40) / 4) || '...' || md5(value) END;

COMMENT ON FUNCTION outbox.bounded IS 'The value itself or, if it is too long for an index, its beginning and its hash. Equal values stay equal.';
