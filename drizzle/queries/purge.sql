-- One step of retention (drizzle/functions/purge.sql): deletes what is over and old.
--
-- $1 older_than_days  float8
-- $2 most             int     events to look at, at most
-- $3 behind           bigint  the step before ended there; 0 at the first
--
-- Returns how many events were deleted, and where the next step begins; null = there is no more.
select purged, looked_to::text
from outbox.purge(make_interval(secs => $1::float8 * 86400), $2::int, $3::bigint)
