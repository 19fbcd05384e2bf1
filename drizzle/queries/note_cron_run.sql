-- Writes down that a run of the cron function has come to its end. Of two that end together the later one stays. And adds to the
-- history what senders have tallied, and disables endpoints that nobody pulls any more (disable_idle.sql), because there may be
-- no listener that does: one statement, as each is a subrequest.
--
-- $1 version        text
-- $2 lasted_seconds float8
-- $3 delivered      int
-- $4 failed         int
-- $5 stopped        text
-- $6 keep_days      float8  as in fold_attempts.sql
-- $7 max_tallies    int
--
-- Returns one row.
-- -> folded  int
with noted as (
  insert into outbox.last_cron_run as r (version, started_at, finished_at, delivered, failed, stopped)
  select $1::text, now - make_interval(secs => $2::float8), now, $3::int, $4::int, $5::text
  from clock_timestamp() as now
  on conflict (id) do update
  set version = excluded.version, started_at = excluded.started_at, finished_at = excluded.finished_at,
      delivered = excluded.delivered, failed = excluded.failed, stopped = excluded.stopped
  where r.finished_at <= excluded.finished_at
),
idle as (
  update outbox.endpoints p
  set state = 'disabled', disabled_reason = 'idle'
  from outbox.pull_sessions s
  where s.endpoint_id = p.id and p.kind = 'pull' and p.state <> 'disabled'
    and s.pulled_at < clock_timestamp() - make_interval(secs => p.expires_after_idle_seconds)
)
select outbox.fold_attempts(make_interval(secs => $6::float8 * 86400), $7::int) as folded
