-- One step of a replay that goes through an endpoint's events (step_parts.sql is for the pinned ones): looks at the next events and makes as many deliveries due as the time since the last step allows.
-- Any sender may take the step; two never take the same.
--
-- $1 max_events  int  events to look at, at most
--
-- Returns one row.
-- -> replayed  int   deliveries made due
-- -> running   bool  replays are still running
with
clock as materialized (
  select clock_timestamp() as now
),
locked as materialized (select * from outbox.lock_replays(false, 1)),
-- What another sender has stepped since this statement's snapshot, or begun, is left to the next step: all else that is read of
-- it here is older.
job as materialized (
  select r.*, greatest(1, least(extract(epoch from clock.now - r.stepped_at), 5) * r.rate_per_second)::int as allowance
  from locked r
  join outbox.replays seen on seen.id = r.id and seen.stepped_at = r.stepped_at
  cross join clock
),
looked as materialized (
  select e.id, e.type, e.key, e.tenant, e.xid
  from job
  cross join lateral (
    select e.id, e.type, e.key, e.tenant, e.xid
    from outbox.events e
    where e.id > job.looked_to and e.occurred_at between job.since and job.until
    order by e.id
    limit $1::int
  ) e
),
chosen as materialized (
  select looked.id as event_id, p.id as endpoint_id, case when p.ordering = 'key' then looked.key end as ordering_key,
         coalesce(d.attempt, 0) as attempt, coalesce(d.created_at, (select now from clock)) as created_at
  from looked
  cross join job
  join outbox.endpoints p on p.id = job.endpoint_id
  left join outbox.deliveries d on d.endpoint_id = p.id and d.event_id = looked.id
  where (p.tenant is null or p.tenant = looked.tenant)
    and outbox.matches(p.event_types, looked.type)
    and outbox.matches(job.event_types, looked.type)
    and case job.scope
          when 'dead' then d.state = 'dead'
          when 'undelivered' then d.state is null or d.state in ('dead', 'canceled')
          when 'all' then d.state is null or d.state in ('dead', 'canceled', 'delivered')
        end
    -- What is over is being let go (drizzle/functions/begin_expiry.sql).
    and (d.state = 'dead' or not exists (select from outbox.expiry x where looked.id >= x.first_id and looked.id < x.until_id))
    -- The fan-out still has to make it.
    and not (d.state is null and exists (select from outbox.fanout f where f.event_id = looked.id)
             and (looked.id > p.events_after or not pg_visible_in_snapshot(looked.xid, p.created_snapshot)))
  order by looked.id
  limit (select allowance from job)
),
-- Only finished deliveries begin again, those without a row of their own with their second attempt. The others have a request coming anyway, and there are never two at once.
revived as (
  insert into outbox.delivery_rows as d (endpoint_id, event_id, state, attempt, retry_base, ordering_key, created_at)
  select endpoint_id, event_id, 'pending', attempt, attempt, ordering_key, created_at
  from chosen
  order by event_id
  on conflict (endpoint_id, event_id) do update
  set state = 'pending', retry_base = d.attempt, due_at = (select now from clock), reason = null, finished_at = null
  where d.state in ('delivered', 'dead', 'canceled')
  returning 1
),
stepped as (
  update outbox.replays r
  set looked_to = coalesce(seen.last, r.looked_to),
      replayed = r.replayed + (select count(*) from revived),
      stepped_at = clock.now,
      state = case when seen.all then 'done' else 'running' end::outbox.replay_state,
      finished_at = case when seen.all then clock.now end
  from job, clock, (
    select case when (select count(*) from chosen) = (select allowance from job)
                then (select max(event_id) from chosen)
                else (select max(id) from looked) end as last,
           (select count(*) from chosen) < (select allowance from job) and (select count(*) from looked) < $1::int as all
  ) seen
  where r.id = job.id
  returning r.state
)
select
  (select count(*)::int from revived) as replayed,
  exists (select from outbox.replays where state = 'running' and token_hash is null and id not in (select id from job))
  or exists (select from locked where id not in (select id from job))
  or exists (select from stepped where state = 'running') as running
