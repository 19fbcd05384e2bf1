-- One step of the pinned replays: makes as many of their deliveries due as each endpoint's lane has capacity for, and leaves a
-- quarter of it to new events. Any sender may take the step; two never take the same.
--
-- $1 max_deliveries  int  at most, of all endpoints together
--
-- Returns one row.
-- -> replayed  int   deliveries made due
-- -> running   bool  pinned replays are still running
with
clock as materialized (
  select clock_timestamp() as now
),
locked as materialized (select * from outbox.lock_replays(true, 10)),
-- What another sender has stepped since this statement's snapshot, or begun, is left to the next step: all else that is read of
-- it here is older.
job as materialized (
  select r.id, r.scope, r.tenant, r.rate_per_second
  from locked r
  join outbox.replays seen on seen.id = r.id and seen.stepped_at = r.stepped_at
),
-- Of an endpoint that is in several replays, one at a time.
part as materialized (
  select distinct on (q.endpoint_id)
         q.replay_id, q.endpoint_id, q.event_ids, q.looked_to, q.stepped_at, job.scope, job.tenant, job.rate_per_second as asked_rate,
         p.tenant as endpoint_tenant, p.ordering, p.state as endpoint_state, p.max_in_flight, p.rate_per_second, p.deleted_at
  from job
  join outbox.replay_parts q on q.replay_id = job.id and q.looked_to < cardinality(q.event_ids)
  join outbox.endpoints p on p.id = q.endpoint_id
  order by q.endpoint_id, q.stepped_at
),
-- As many as requests on their way.
sending as materialized (
  select endpoint_id, sum(n)::int as n
  from (
    select endpoint_id, count(*) as n from outbox.delivery_rows where state = 'sending' group by endpoint_id
    union all
    select endpoint_id, sum(cardinality(event_ids)) from outbox.delivery_groups group by endpoint_id
  ) leased
  group by endpoint_id
),
room as materialized (
  select part.*, least(
           case
             -- Nothing is sent, so there is nothing to wait for.
             when part.deleted_at is not null or part.endpoint_state <> 'active' then 1000
             else ceil(least(0.75 * part.max_in_flight, part.rate_per_second)) - coalesce(sending.n, 0) - due.n
           end,
           floor(least(5, extract(epoch from clock.now - part.stepped_at)) * part.asked_rate)
         )::int as places
  from part
  cross join clock
  left join sending on sending.endpoint_id = part.endpoint_id
  cross join lateral (
    select count(*)::int as n
    from (select from outbox.delivery_rows d
          where d.endpoint_id = part.endpoint_id and d.state = 'pending' and d.due_at <= clock.now
          limit part.max_in_flight) d
  ) due
  order by part.stepped_at
  limit greatest(1, $1::int / 100)
),
taken as materialized (
  select room.*, m.event_id
  from room
  cross join lateral unnest(room.event_ids[room.looked_to + 1 : room.looked_to + least(room.places, 1000)]) as m (event_id)
  where room.places > 0
),
chosen as materialized (
  select t.endpoint_id, t.event_id, case when t.ordering = 'key' then e.key end as ordering_key,
         coalesce(d.attempt, 0) as attempt, coalesce(d.created_at, clock.now) as created_at
  from taken t
  cross join clock
  join outbox.events e on e.id = t.event_id
  left join lateral (
    select d.state, d.attempt, d.created_at, d.due_at from outbox.deliveries d
    where d.endpoint_id = t.endpoint_id and d.event_id = t.event_id limit 1
  ) d on true
  where t.deleted_at is null and t.endpoint_state <> 'disabled'
    -- What is over is being let go (drizzle/functions/begin_expiry.sql).
    and (d.state in ('dead', 'pending') or not exists (select from outbox.expiry x where t.event_id >= x.first_id and t.event_id < x.until_id))
    and (t.endpoint_tenant is null or t.endpoint_tenant = e.tenant)
    and (t.tenant is null or t.tenant = t.endpoint_tenant)
    and case d.state
          when 'sending' then false
          when 'delivered' then t.scope = 'all'
          when 'pending' then d.due_at > clock.now
          when 'dead' then true
          when 'canceled' then true
          else not exists (select from outbox.fanout f where f.event_id = t.event_id) -- it still has to make it
        end
),
-- As redeliver_delivery.sql: one that waits keeps its budget, a finished one gets a new one. One without a row of its own goes
-- on with its second attempt.
revived as (
  insert into outbox.delivery_rows as d (endpoint_id, event_id, state, attempt, retry_base, ordering_key, created_at)
  select endpoint_id, event_id, 'pending', attempt, attempt, ordering_key, created_at
  from chosen
  order by endpoint_id, event_id
  on conflict (endpoint_id, event_id) do update
  set state = 'pending', due_at = (select now from clock), finished_at = null,
      retry_base = case when d.state = 'pending' then d.retry_base else d.attempt end,
      reason = case when d.state = 'pending' then d.reason end
  where d.state <> 'sending'
  returning d.endpoint_id
),
moved as (
  update outbox.replay_parts q
  set looked_to = q.looked_to + t.n, stepped_at = clock.now
  from (select replay_id, endpoint_id, count(*)::int as n from taken group by 1, 2) t, clock
  where q.replay_id = t.replay_id and q.endpoint_id = t.endpoint_id
  returning q.replay_id, q.endpoint_id, t.n, q.looked_to = cardinality(q.event_ids) as is_over
),
stepped as (
  update outbox.replays r
  set replayed = r.replayed + counts.revived,
      skipped = r.skipped + counts.moved - counts.revived,
      stepped_at = clock.now,
      state = case when counts.is_over then 'done' else 'running' end::outbox.replay_state,
      finished_at = case when counts.is_over then clock.now end
  from clock, (
    select job.id,
           coalesce((select sum(m.n) from moved m where m.replay_id = job.id), 0)::int as moved,
           (select count(*) from revived v join moved m on m.endpoint_id = v.endpoint_id where m.replay_id = job.id)::int as revived,
           not exists (select from outbox.replay_parts q
                       where q.replay_id = job.id and q.looked_to < cardinality(q.event_ids)
                         and q.endpoint_id not in (select m.endpoint_id from moved m where m.replay_id = job.id and m.is_over)) as is_over
    from job
  ) counts
  where r.id = counts.id
  returning r.state
)
select
  (select count(*)::int from revived) as replayed,
  exists (select from outbox.replays where state = 'running' and token_hash is not null and id not in (select id from job))
  or exists (select from locked where id not in (select id from job))
  or exists (select from stepped where state = 'running') as running
