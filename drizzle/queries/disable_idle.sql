-- Disables endpoints that nobody pulls any more: their deliveries would pile up without an end.
--
-- Returns one row.
-- -> disabled  int
with disabled as (
  update outbox.endpoints p
  set state = 'disabled', disabled_reason = 'idle'
  from outbox.pull_sessions s
  where s.endpoint_id = p.id and p.kind = 'pull' and p.state <> 'disabled'
    and s.pulled_at < clock_timestamp() - make_interval(secs => p.expires_after_idle_seconds)
  returning 1
)
select count(*)::int as disabled from disabled
