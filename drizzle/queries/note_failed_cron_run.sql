-- Writes down that a run of the cron function has failed. Of two that fail together the later one stays.
--
-- $1 version        text
-- $2 lasted_seconds float8
-- $3 failure        text
--
-- Returns nothing.
insert into outbox.failed_cron_run as r (version, started_at, failed_at, failure)
select $1::text, now - make_interval(secs => $2::float8), now, $3::text
from clock_timestamp() as now
on conflict (id) do update
set version = excluded.version, started_at = excluded.started_at, failed_at = excluded.failed_at, failure = excluded.failure
where r.failed_at <= excluded.failed_at
