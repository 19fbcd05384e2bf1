-- Takes back deliveries that a sender has held past its lease: it crashed, froze or lost the database. Whether its request
-- left is unknown, so the attempt counts and is recorded as `interrupted`, and the delivery is due again: at once the
-- first time, and after the schedule's wait when the attempt before was interrupted too. So a delivery that crashes its
-- sender does not crash one after the other, and the deliveries beside it do not use up their attempts within minutes.
--
-- Deliveries of a group get rows of their own with this.
--
-- $1 limit     int       of each kind, and a group more
-- $2 schedule  float8[]  the retry schedule, where the endpoint has none of its own
-- $3 jitter    float8    a wait is up to this part of it shorter or longer
--
-- Returns one row.
-- -> rescued  int
with
expired as materialized (
  select d.ctid as row, d.endpoint_id, d.event_id, d.attempt, d.lease,
         case when d.reason = 'interrupted'
              then (1 - $3::float8 + 2 * $3::float8 * random()) * (coalesce(p.retry_schedule, $2::float8[]))[d.attempt - d.retry_base]
              else 0 end as wait,
         d.attempt - d.retry_base > cardinality(coalesce(p.retry_schedule, $2::float8[])) as attempts_used
  from outbox.delivery_rows d
  join outbox.endpoints p on p.id = d.endpoint_id
  -- A receiver that pulls takes its own back (pull.sql).
  where d.state = 'sending' and d.leased_until < clock_timestamp() and p.kind = 'push'
  order by d.leased_until
  limit $1::int
  for update of d skip locked
),
expired_group as materialized (
  select g.*
  from outbox.delivery_groups g
  where g.leased_until < clock_timestamp()
  order by g.leased_until
  limit $1::int
  for update skip locked
),
removed as (
  delete from outbox.delivery_groups g
  using (select endpoint_id, id, sum(cardinality(event_ids)) over (order by leased_until, endpoint_id, id) - cardinality(event_ids) as before
         from expired_group) e
  where g.endpoint_id = e.endpoint_id and g.id = e.id and e.before < $1::int
  returning g.*
),
member as materialized (
  select g.endpoint_id, e.id as event_id, g.lease, g.created_at,
         cardinality(coalesce(p.retry_schedule, $2::float8[])) < 1 as attempts_used
  from removed g
  join outbox.endpoints p on p.id = g.endpoint_id
  cross join lateral unnest(g.event_ids) as e (id)
),
logged as (
  insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, error)
  select endpoint_id, event_id, attempt, case when lease like 'cron%' then 'cron' when lease like 'edge%' then 'edge' else 'listener' end::outbox.sender,
         clock_timestamp(), 'interrupted'
  from (select endpoint_id, event_id, attempt, lease from expired
        union all select endpoint_id, event_id, 1, lease from member) e
  on conflict (endpoint_id, event_id, number) do nothing
  returning endpoint_id, sender, started_at
),
tallied as (
  insert into outbox.attempt_tallies (endpoint_id, sender, minute, error, attempts)
  select endpoint_id, sender, date_bin('1 minute', started_at, 'epoch'), 'interrupted', count(*)
  from logged
  group by 1, 2, 3
),
rescued as (
  update outbox.delivery_rows d
  set state = case when expired.attempts_used then 'dead' else 'pending' end::outbox.delivery_state,
      due_at = clock_timestamp() + make_interval(secs => case when expired.attempts_used then 0 else expired.wait end),
      lease = null,
      leased_until = null,
      reason = 'interrupted',
      finished_at = case when expired.attempts_used then clock_timestamp() end
  from expired
  where d.ctid = expired.row
  returning 1
),
split as (
  insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, due_at, reason, created_at, finished_at)
  select endpoint_id, event_id, case when attempts_used then 'dead' else 'pending' end::outbox.delivery_state, 1,
         clock_timestamp(), 'interrupted', created_at, case when attempts_used then clock_timestamp() end
  from member
  order by 1, 2
  on conflict (endpoint_id, event_id) do nothing
  returning 1
)
select (select count(*) from rescued)::int + (select count(*) from split)::int as rescued
