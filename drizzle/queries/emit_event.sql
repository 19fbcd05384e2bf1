-- Writes an event that comes in over HTTP, as outbox.emit() would for any other caller.
--
-- $1 type       text
-- $2 data       jsonb   JSON text
-- $3 key        text?
-- $4 tenant     text?
-- $5 max_bytes  int     of the data as Postgres prints it: 1e300 is three hundred digits
--
-- Returns one row or none: none where the data is too large.
-- -> id  text  the event's public id
select outbox.emit($1::text, $2::jsonb, $3::text, $4::text) as id
where octet_length($2::jsonb::text) <= $5::int
