-- One step of retention: lets go of events that are old and of which nothing is still to be sent (drizzle/functions/expire.sql).
--
-- $1 older_than_days  float8
-- $2 kept[].type      text    such as order.*: these types are kept for longer
-- $3 kept[].days      float8
--
-- Returns one row.
-- -> next  text  `go on` = the next step may follow at once; `wait` = something is in the way; `done`
select outbox.expire(make_interval(secs => $1::float8 * 86400), $2::text[], $3::float8[]) as next
