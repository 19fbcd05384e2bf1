-- The type itself or, if it is not a valid one, what is left of it: an event's content never makes the writer's transaction
-- fail. This and its neighbours are functions of one expression, so that Postgres inlines them and binds their names once.
CREATE OR REPLACE FUNCTION outbox.event_type(type text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(type) <= 200 AND type ~ '^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$' THEN type
            ELSE coalesce(nullif(trim(BOTH '.' FROM
              regexp_replace(regexp_replace(left(type, 100), '[^A-Za-z0-9_.]', '_', 'g'), '\.{2,}', '.', 'g')), ''), 'unnamed') END;
