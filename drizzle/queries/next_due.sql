-- In how many seconds is there something for a sender to do? It asks what the heartbeat asks, of the future: new events, the
-- first due delivery of each endpoint, leases that end, replays, what waits for deleted endpoints, and pull endpoints that nobody
-- pulls. Not the upkeep of partitions, which can wait for the next look.
--
-- Returns one row.
-- -> due_in  float8?  not above zero: now; null = nothing waits
select extract(epoch from least(
  (select clock_timestamp() from outbox.fanout limit 1),
  (
    select min(greatest(first.due_at, h.not_before, h.probe_at, h.next_slot_at))
    from outbox.endpoints p
    cross join lateral (
      select d.due_at from outbox.delivery_rows d where d.endpoint_id = p.id and d.state = 'pending' order by d.due_at limit 1
    ) first
    left join outbox.endpoint_health h on h.endpoint_id = p.id
    where p.state = 'active' and p.kind = 'push'
  ),
  (
    select min(d.leased_until)
    from outbox.delivery_rows d
    join outbox.endpoints p on p.id = d.endpoint_id
    where d.state = 'sending' and p.kind = 'push'
  ),
  (select min(leased_until) from outbox.delivery_groups),
  (select clock_timestamp() from outbox.replays where state = 'running' limit 1),
  (
    select clock_timestamp()
    from outbox.endpoints p
    where p.deleted_at is not null
      and exists (select from outbox.delivery_rows d where d.endpoint_id = p.id and d.state = 'pending')
    limit 1
  ),
  (
    select min(s.pulled_at + make_interval(secs => p.expires_after_idle_seconds))
    from outbox.pull_sessions s
    join outbox.endpoints p on p.id = s.endpoint_id
    where p.state <> 'disabled'
  )
) - clock_timestamp())::float8 as due_in
