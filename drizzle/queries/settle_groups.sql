-- Step 10 for most webhooks: first attempts that succeeded, of deliveries that one fan-out leased together. Each leaves its
-- group and is written once, delivery and attempt in one row. Everything else is for settle.sql and settle_delivered.sql.
--
-- $1 sender                     outbox.sender
-- $2 settlements[].endpoint_id  bigint as EndpointId
-- $3 settlements[].group        bigint as EventId  the group's id
-- $4 settlements[].event_id     bigint as EventId
-- $5 settlements[].lease        text     the fencing token
-- $6 settlements[].status       int?
-- $7 settlements[].duration_ms  int
-- $8 settlements[].started_at   float8   by the stopwatch of `now`: the senders' clocks are not trusted
-- $9 settlements[].body         text?
-- $10 settlements[].occurred_at  float8   of the event, in microseconds since 1970
-- $11 now                       float8   the sender's stopwatch in milliseconds
--
-- Returns one row.
-- -> lost[].endpoint_id  text as EndpointId  another sender holds it by now: nothing was recorded
-- -> lost[].event_id     text as EventId
-- -> unhealthy           bool                a success changes the health of one of the endpoints: settle.sql is to be told
with
result as materialized (
  select *
  from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::int[], $7::int[], $8::float8[], $9::text[],
              $10::float8[])
    as r (endpoint_id, group_id, event_id, lease, status, duration_ms, started_at, body, occurred_at)
),
-- As they are now, not as the snapshot saw them, in the order of their keys: a release may take others out of the same group.
held as materialized (
  select g.endpoint_id, g.id, g.event_ids, g.created_at, r.event_ids as settled
  from (select endpoint_id, group_id, lease, array_agg(event_id) as event_ids from result group by 1, 2, 3) r
  join outbox.delivery_groups g on g.endpoint_id = r.endpoint_id and g.id = r.group_id and g.lease = r.lease
  order by g.endpoint_id, g.id
  for update of g
),
remaining as materialized (
  select endpoint_id, id, array(select e from unnest(event_ids) as e where e <> all (settled)) as event_ids from held
),
emptied as (
  delete from outbox.delivery_groups g
  using remaining r
  where g.endpoint_id = r.endpoint_id and g.id = r.id and r.event_ids = '{}'
),
reduced as (
  update outbox.delivery_groups g
  set event_ids = r.event_ids
  from remaining r
  where g.endpoint_id = r.endpoint_id and g.id = r.id and r.event_ids <> '{}'
),
settled as materialized (
  select r.*, h.created_at, clock_timestamp() - make_interval(secs => greatest(0, $11::float8 - r.started_at) / 1000) as begun_at
  from result r
  join held h on h.endpoint_id = r.endpoint_id and h.id = r.group_id and r.event_id = any (h.event_ids)
),
written as (
  insert into outbox.delivered_at_once
    (endpoint_id, event_id, created_at, started_at, duration_ms, sender, response_status, response_body)
  select endpoint_id, event_id, created_at, begun_at, duration_ms, $1::outbox.sender, status, body
  from settled
),
tallied as (
  insert into outbox.attempt_tallies (endpoint_id, sender, minute, attempts, durations_ms, delays_ms)
  select endpoint_id, $1::outbox.sender, date_bin('1 minute', begun_at, 'epoch'), count(*),
         array_agg(duration_ms), array_agg(outbox.delay_ms(begun_at, occurred_at))
  from settled
  group by 1, 3
)
select
  (
    select coalesce(json_agg(json_build_object('endpoint_id', r.endpoint_id::text, 'event_id', r.event_id::text)), '[]')
    from result r
    where not exists (select from settled s where s.endpoint_id = r.endpoint_id and s.event_id = r.event_id)
  )::text as lost,
  exists (
    select
    from outbox.endpoint_health l
    where l.endpoint_id in (select endpoint_id from held)
      and (l.failures > 0 or l.slow_start_limit is not null or l.probing or l.tries_needed > 1)
  ) as unhealthy
