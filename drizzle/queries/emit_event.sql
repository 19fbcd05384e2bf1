-- Writes an event that comes in over HTTP, as outbox.emit() would for any other caller, and returns it as it was written.
--
-- $1 type       text
-- $2 data       jsonb   JSON text
-- $3 key        text?
-- $4 tenant     text?
-- $5 max_bytes  int     of the data as Postgres prints it: 1e300 is three hundred digits
--
-- Returns one row or none: none where the data is too large.
-- -> id         text  the event's public id
-- -> timestamp  text  as in the webhook's body
-- -> data       text  JSON, as in the webhook's body
with
given as materialized (
  select $2::jsonb::text as data
)
select
  recorded.id,
  to_char(recorded.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as timestamp,
  given.data
from given
cross join lateral outbox.record_events(
  array[$1::text], array[given.data::json], array[$3::text], array[$4::text]
) as recorded
where octet_length(given.data) <= $5::int
