-- One step of retention: deletes events that are old and of which nothing is still to be sent (drizzle/functions/purge.sql).
--
-- $1 older_than_days  float8
-- $2 max_events       int     events to look at, at most
-- $3 behind           bigint  where the step before ended; 0 for the first
--
-- Returns one row.
-- -> purged     int      events deleted
-- -> looked_to  bigint?  where the next step begins; null = there is no more
select purged, looked_to
from outbox.purge(make_interval(secs => $1::float8 * 86400), $2::int, $3::bigint)
