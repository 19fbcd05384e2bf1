-- Stop 10. Writes down what came of many attempts at once; a delivery changes only while its lease still holds.
-- The arrays run in parallel, one place for each attempt:
--
-- $1 sender           text      'listener' or 'cron'
-- $2 endpoint_ids     bigint[]
-- $3 event_ids        bigint[]
-- $4 leases           text[]    the fencing tokens
-- $5 numbers          int[]     attempt numbers
-- $6 states           text[]    'delivered', 'pending' (try again) or 'dead'
-- $7 retry_in         float8[]  with 'pending': seconds from now
-- $8 errors           text[]    null = success
-- $9 statuses         int[]     null = no response
-- $10 durations       int[]     milliseconds
-- $11 ages            float8[]  seconds since the attempt began: the senders' clocks are not trusted, only their stopwatches
-- $12 bodies          text[]
-- $13 pauses          float8[]  the receiver wants nothing for so many seconds; null = it did not say
-- $14 gone            bool[]    410: the receiver wants nothing ever again
--
-- Returns what could not be settled because somebody else holds it by now.
with
clock as materialized (
  select clock_timestamp() as now
),
result as materialized (
  select *
  from unnest(
    $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::float8[], $8::text[], $9::int[], $10::int[],
    $11::float8[], $12::text[], $13::float8[], $14::bool[]
  ) as r (endpoint_id, event_id, lease, number, state, retry_in, error, status, duration_ms, age, body, pause, gone)
),
settled as (
  update outbox.deliveries d
  set state = r.state::outbox.delivery_state,
      due_at = case when r.state = 'pending' then clock.now + make_interval(secs => r.retry_in) else d.due_at end,
      lease = null,
      leased_until = null,
      reason = r.error,
      finished_at = case when r.state = 'pending' then null else clock.now end
  from result r, clock
  where d.endpoint_id = r.endpoint_id and d.event_id = r.event_id and d.lease = r.lease
  returning d.endpoint_id, d.event_id
),
-- Every request that was made is in the books, also one whose lease is lost. `interrupted` was a guess: the truth replaces it.
logged as (
  insert into outbox.attempts as a
    (endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, response_body)
  select r.endpoint_id, r.event_id, r.number, $1::outbox.sender, clock.now - make_interval(secs => r.age),
         r.duration_ms, r.status, r.error, r.body
  from result r, clock
  on conflict (endpoint_id, event_id, number) do update
  set started_at = excluded.started_at, duration_ms = excluded.duration_ms,
      response_status = excluded.response_status, error = excluded.error, response_body = excluded.response_body
  where a.error = 'interrupted'
),
health as materialized (
  select r.endpoint_id, bool_or(r.error is null) as succeeded, count(*) filter (where r.error is not null) as failures,
         max(r.pause) as pause
  from result r
  group by r.endpoint_id
),
-- In the order of ids, so that two senders never wait for each other in a circle. A healthy lane is not written to.
sick as materialized (
  select l.endpoint_id
  from outbox.lanes l
  join health h on h.endpoint_id = l.endpoint_id and (h.failures > 0 or l.failures > 0)
  order by l.endpoint_id
  for update of l
),
noted as (
  update outbox.lanes l
  set failures = case when h.succeeded then 0 else l.failures + h.failures end,
      failing_since = case when h.succeeded then null else coalesce(l.failing_since, clock.now) end,
      not_before = greatest(l.not_before, clock.now + make_interval(secs => h.pause))
  from sick s
  join health h on h.endpoint_id = s.endpoint_id
  cross join clock
  where l.endpoint_id = s.endpoint_id
),
disabled as (
  update outbox.endpoints p
  set state = 'disabled', disabled_reason = 'gone'
  where p.id in (select r.endpoint_id from result r where r.gone) and p.state <> 'disabled'
)
select r.endpoint_id::text, r.event_id::text
from result r
where not exists (select from settled s where s.endpoint_id = r.endpoint_id and s.event_id = r.event_id)
