-- An event that comes in over HTTP, written as outbox.emit() would for anybody else.
--
-- $1 type       text
-- $2 data       text    JSON
-- $3 key        text
-- $4 tenant     text
-- $5 most_bytes int     of the data as Postgres prints it: 1e300 is three hundred digits
--
-- Returns the event's public id; no row where the data is too large.
select outbox.emit($1::text, $2::jsonb, $3::text, $4::text) as id
where octet_length($2::jsonb::text) <= $5::int
