-- Step 10 for a batch of nothing but successes of deliveries that have rows of their own: half of what a small batch costs is
-- starting the plan, and this one is short. It does what settle.sql does, as long as no success has to be written to an endpoint's health: then
-- it does nothing, and settle.sql is asked.
--
-- $1 sender                     outbox.sender
-- $2 settlements[].endpoint_id  bigint as EndpointId
-- $3 settlements[].event_id     bigint as EventId
-- $4 settlements[].lease        text     the fencing token
-- $5 settlements[].attempt      int      its number
-- $6 settlements[].status       int?
-- $7 settlements[].duration_ms  int
-- $8 settlements[].started_at   float8   by the stopwatch of `now`: the senders' clocks are not trusted
-- $9 settlements[].body         text?
-- $10 settlements[].occurred_at  float8   of the event, in microseconds since 1970
-- $11 now                       float8   the sender's stopwatch in milliseconds
--
-- Returns one row.
-- -> healthy             bool                false: nothing was done, because one of the endpoints is not simply healthy
-- -> lost[].endpoint_id  text as EndpointId  another sender holds it by now: only the attempt was recorded
-- -> lost[].event_id     text as EventId
-- -> unblocked           bool                something that had to wait may go: the next event of a key
with
clock as materialized (
  select clock_timestamp() as now
),
-- The same condition as in settle.sql: with a success, these rows are written.
unhealthy as materialized (
  select
  from outbox.endpoint_health l
  where l.endpoint_id = any ($2::bigint[]) and (l.failures > 0 or l.slow_start_limit is not null or l.probing or l.tries_needed > 1)
  limit 1
),
result as materialized (
  select r.*, clock.now - make_interval(secs => greatest(0, $11::float8 - r.started_at) / 1000) as begun_at
  from unnest($2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::int[], $7::int[], $8::float8[], $9::text[], $10::float8[])
    as r (endpoint_id, event_id, lease, number, status, duration_ms, started_at, body, occurred_at)
  cross join clock
  where not exists (select from unhealthy)
),
-- A first attempt needs no row any more: it is written as those of groups are.
moved as (
  delete from outbox.delivery_rows d
  using result r
  where r.number = 1 and d.endpoint_id = r.endpoint_id and d.event_id = r.event_id and d.lease = r.lease
  returning d.endpoint_id, d.event_id, d.ordering_key, d.created_at, r.status, r.duration_ms, r.begun_at, r.body, r.occurred_at
),
written as (
  insert into outbox.delivered_at_once
    (endpoint_id, event_id, created_at, started_at, duration_ms, sender, response_status, response_body)
  select endpoint_id, event_id, created_at, begun_at, duration_ms, $1::outbox.sender, status, body
  from moved
),
updated as (
  update outbox.delivery_rows d
  set state = 'delivered', lease = null, leased_until = null, reason = null, finished_at = clock.now
  from result r, clock
  where r.number > 1 and d.endpoint_id = r.endpoint_id and d.event_id = r.event_id and d.lease = r.lease
  returning d.endpoint_id, d.event_id, d.ordering_key
),
settled as materialized (
  select endpoint_id, event_id, ordering_key from moved union all select endpoint_id, event_id, ordering_key from updated
),
-- Every request is recorded as an attempt, also one whose lease is lost. `interrupted` was a guess: the outcome replaces it.
logged as (
  insert into outbox.attempt_rows as a
    (endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, response_body)
  select r.endpoint_id, r.event_id, r.number, $1::outbox.sender, r.begun_at, r.duration_ms, r.status, r.body
  from result r
  where r.number > 1
     or not exists (select from moved m where m.endpoint_id = r.endpoint_id and m.event_id = r.event_id)
    -- It was recorded, and the answer did not reach the sender.
    and not exists (select from outbox.delivered_at_once o where o.endpoint_id = r.endpoint_id and o.event_id = r.event_id)
  on conflict (endpoint_id, event_id, number) do update
  set started_at = excluded.started_at, duration_ms = excluded.duration_ms,
      response_status = excluded.response_status, error = null, response_body = excluded.response_body,
      interrupted_at = a.started_at
  where a.error = 'interrupted'
  returning endpoint_id, event_id, number, sender, started_at, duration_ms, interrupted_at
),
tallied as (
  insert into outbox.attempt_tallies (endpoint_id, sender, minute, error, attempts, durations_ms, delays_ms)
  select endpoint_id, sender, date_bin('1 minute', begun_at, 'epoch'), null, count(*), array_agg(duration_ms),
         array_agg(outbox.delay_ms(begun_at, occurred_at)) filter (where occurred_at is not null)
  from (
    select endpoint_id, $1::outbox.sender as sender, begun_at, duration_ms, occurred_at from moved
    union all
    select l.endpoint_id, l.sender, l.started_at, l.duration_ms, case when l.number = 1 then r.occurred_at end
    from logged l
    join result r on r.endpoint_id = l.endpoint_id and r.event_id = l.event_id and r.number = l.number
  ) a
  group by 1, 2, 3
  union all
  select endpoint_id, sender, date_bin('1 minute', interrupted_at, 'epoch'), 'interrupted', -count(*), null, null
  from logged
  where interrupted_at is not null
  group by 1, 2, 3
)
select
  not exists (select from unhealthy) as healthy,
  (
    select coalesce(json_agg(json_build_object('endpoint_id', r.endpoint_id::text, 'event_id', r.event_id::text)), '[]')
    from result r
    where not exists (select from settled s where s.endpoint_id = r.endpoint_id and s.event_id = r.event_id)
  )::text as lost,
  exists (
    select
    from settled s
    join outbox.delivery_rows next
      on next.endpoint_id = s.endpoint_id and next.ordering_key = s.ordering_key and next.state = 'pending'
    where s.ordering_key is not null
  ) as unblocked
