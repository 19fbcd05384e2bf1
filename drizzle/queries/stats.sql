-- How things stand, at a bounded cost however much there is: some hundred thousand index entries. Each count stops at a
-- limit, which is smaller where there are many endpoints.
--
-- $1 tenant         text?  null = every tenant's
-- $2 max_counted    int    deliveries to count, over all endpoints
-- $3 max_endpoints  int    endpoints to list
--
-- Returns one row.
-- -> counted_to              int      the limit
-- -> delivered               int      in the last hour
-- -> delivered_is_capped     bool
-- -> oldest_pending_seconds  float8?  null = nothing waits
-- -> pending                 int
-- -> sending                 int
-- -> dead                    int
-- -> is_capped               bool?    null = there are no endpoints
-- -> endpoints[].id          bigint   those with the most pending first
-- -> endpoints[].nonce       int
-- -> endpoints[].state       outbox.endpoint_state
-- -> endpoints[].pending     int
-- -> endpoints[].sending     int
-- -> endpoints[].dead        int
with recursive
clock as materialized (
  select clock_timestamp() as now
),
endpoint as materialized (
  select p.id, p.nonce, p.kind, p.state
  from outbox.endpoints p
  where p.deleted_at is null and ($1::text is null or p.tenant = $1::text)
),
cap as materialized (
  select greatest(10, least(10000, $2::int / greatest(1, count(*))))::int as rows from endpoint
),
-- Leased rows are as many as requests on their way, so they are grouped instead of looked up for each endpoint.
sending as materialized (
  select d.endpoint_id, count(*)::int as n
  from (select endpoint_id from outbox.deliveries where state = 'sending' limit $2::int) d
  group by d.endpoint_id
),
counted as materialized (
  select endpoint.*, pending.n as pending, dead.n as dead, coalesce(sending.n, 0) as sending, oldest.due_at
  from endpoint
  cross join lateral (
    select count(*)::int as n
    from (select from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'pending'
          limit (select rows from cap)) d
  ) pending
  cross join lateral (
    select count(*)::int as n
    from (select from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'dead'
          limit (select rows from cap)) d
  ) dead
  left join sending on sending.endpoint_id = endpoint.id
  left join lateral (
    select d.due_at from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'pending'
    order by d.due_at limit 1
  ) oldest on true
),
-- Back through the last hour in steps of 8, 16, 32 … seconds, until it is over or enough was counted: the last minute of a
-- busy system is as many rows as the last hour of a quiet one. (attempts_by_time finds each step's.)
step (age, seconds, n) as (
  select 0, 0, 0::bigint
  union all
  select step.age + step.seconds, next.seconds, step.n + delivered.n
  from step
  cross join clock
  cross join lateral (select least(greatest(8, step.seconds * 2), 3600 - step.age - step.seconds) as seconds) next
  cross join lateral (
    select count(*) as n
    from outbox.attempts a
    where a.error is null
      and a.started_at <= clock.now - make_interval(secs => step.age + step.seconds)
      and a.started_at > clock.now - make_interval(secs => step.age + step.seconds + next.seconds)
      and ($1::text is null or a.endpoint_id in (select id from endpoint))
  ) delivered
  where step.n < $2::int and next.seconds > 0
)
select
  (select rows from cap) as counted_to,
  (select max(n)::int from step) as delivered,
  (select max(age + seconds) < 3600 from step) as delivered_is_capped,
  (select case when count(due_at) > 0 then greatest(0, extract(epoch from clock.now - min(due_at))) end::float8
   from counted where state <> 'disabled' and kind = 'push') as oldest_pending_seconds,
  (select coalesce(sum(pending), 0)::int from counted) as pending,
  (select coalesce(sum(sending), 0)::int from counted) as sending,
  (select coalesce(sum(dead), 0)::int from counted) as dead,
  (select bool_or(greatest(pending, dead) >= (select rows from cap)) from counted) as is_capped,
  (
    select coalesce(json_agg(json_build_object('id', id::text, 'nonce', nonce, 'state', state, 'pending', pending,
                                                'sending', sending, 'dead', dead)
                             order by pending desc, id desc), '[]')
    from (select * from counted order by pending desc, id desc limit $3::int) listed
  )::text as endpoints
from clock
