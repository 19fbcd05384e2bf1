-- How long after its event was written a first attempt began, in milliseconds. Both times are the database's; the event's is in
-- microseconds since 1970. One whose event was written with a clock that was ahead had no delay.
CREATE OR REPLACE FUNCTION outbox.delay_ms(begun_at timestamptz, occurred_at double precision) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN least(2147483647, greatest(0, floor(date_part('epoch', begun_at) * 1000 - occurred_at / 1000)))::integer;

COMMENT ON FUNCTION outbox.delay_ms IS 'How long after its event, which occurred at so many microseconds since 1970, a first attempt began, in milliseconds.';
