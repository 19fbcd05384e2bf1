-- Step 10. Writes down the outcomes of many attempts at once. A delivery changes only while its lease still holds. An attempt
-- whose lease was lost is recorded and changes nothing else: neither its delivery nor anything about its endpoint.
--
-- $1 sender                                 outbox.sender
-- $2 settlements[].endpoint_id              bigint as EndpointId
-- $3 settlements[].event_id                 bigint as EventId
-- $4 settlements[].lease                    text     the fencing token
-- $5 settlements[].attempt                  int      its number
-- $6 settlements[].state                    text     delivered, pending (try again) or dead
-- $7 settlements[].retry_in_seconds         float8?  with pending
-- $8 settlements[].error                    text?    null = success
-- $9 settlements[].status                   int?     null = no response
-- $10 settlements[].duration_ms             int
-- $11 settlements[].started_at              float8   by the stopwatch of `now`: the senders' clocks are not trusted
-- $12 settlements[].body                    text?
-- $13 settlements[].pause_endpoint_seconds  float8?  the receiver asked for this pause
-- $14 settlements[].endpoint_gone           bool     410: the receiver wants nothing ever again
-- $15 settlements[].counts_as_attempt       bool     false: our own network failed, which costs neither attempts nor reputation
-- $16 settlements[].occurred_at             float8   of the event, in microseconds since 1970
-- $17 disable_after_seconds                 float8   of nothing but failures, after which an endpoint is disabled
-- $18 failures_to_open                      int[]    so many failures in a row open the circuit breaker; in doubt, element relapses + 1 (delivery/breaker.ts)
-- $19 probe_schedule                        float8[]  seconds before its first probe, its second, …; later ones wait like the last
-- $20 jitter                                float8   a wait is up to this part of it shorter or longer
-- $21 slow_start_limit                      int      deliveries in flight just after the breaker has closed
-- $22 doubt_seconds                         float8   for so long a breaker that has closed is in doubt
-- $23 now                                   float8   the sender's stopwatch in milliseconds
-- $24 settled[].endpoint_id                 bigint as EndpointId  what settle_groups.sql has recorded of the same batch
-- $25 settled[].successes                   int
--
-- Returns one row.
-- -> lost[].endpoint_id  text as EndpointId  another sender holds it by now: only the attempt was recorded
-- -> lost[].event_id     text as EventId
-- -> unblocked           bool                something that had to wait may go: the next event of a key, or more of a lane whose breaker has closed
with
clock as materialized (
  select clock_timestamp() as now
),
result as materialized (
  select *
  from unnest(
    $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::float8[], $8::text[], $9::int[], $10::int[],
    $11::float8[], $12::text[], $13::float8[], $14::bool[], $15::bool[], $16::float8[]
  ) as r (endpoint_id, event_id, lease, number, state, retry_in, error, status, duration_ms, started_at, body, pause, gone,
          counts_as_attempt, occurred_at)
),
settled as (
  update outbox.delivery_rows d
  set state = r.state::outbox.delivery_state,
      due_at = case when r.state = 'pending' then clock.now + make_interval(secs => r.retry_in) else d.due_at end,
      retry_base = case when r.counts_as_attempt then d.retry_base else d.retry_base + 1 end,
      lease = null,
      leased_until = null,
      reason = r.error,
      finished_at = case when r.state = 'pending' then null else clock.now end
  from result r, clock
  where d.endpoint_id = r.endpoint_id and d.event_id = r.event_id and d.lease = r.lease
  returning d.endpoint_id, d.event_id, d.ordering_key, d.state, r.error, r.pause, r.gone, r.counts_as_attempt,
            d.attempt - d.retry_base as tries
),
-- Every request is recorded as an attempt, also one whose lease is lost. `interrupted` was a guess: the outcome replaces it.
logged as (
  insert into outbox.attempt_rows as a
    (endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, response_body)
  select r.endpoint_id, r.event_id, r.number, $1::outbox.sender, clock.now - make_interval(secs => greatest(0, $23::float8 - r.started_at) / 1000),
         r.duration_ms, r.status, r.error, r.body
  from result r, clock
  -- It was recorded, and the answer did not reach the sender.
  where r.number > 1 or not outbox.was_delivered_at_once(r.endpoint_id, r.event_id)
  on conflict (endpoint_id, event_id, number) do update
  set started_at = excluded.started_at, duration_ms = excluded.duration_ms,
      response_status = excluded.response_status, error = excluded.error, response_body = excluded.response_body,
      interrupted_at = a.started_at
  where a.error = 'interrupted'
  returning endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, interrupted_at
),
tallied as (
  insert into outbox.attempt_tallies (endpoint_id, sender, minute, error, attempts, durations_ms, delays_ms)
  select l.endpoint_id, l.sender, date_bin('1 minute', l.started_at, 'epoch'), l.error, count(*),
         array_agg(l.duration_ms) filter (where l.response_status is not null),
         array_agg(outbox.delay_ms(l.started_at, r.occurred_at)) filter (where l.number = 1)
  from logged l
  join result r on r.endpoint_id = l.endpoint_id and r.event_id = l.event_id and r.number = l.number
  group by 1, 2, 3, 4
  union all
  select endpoint_id, sender, date_bin('1 minute', interrupted_at, 'epoch'), 'interrupted', -count(*), null, null
  from logged
  where interrupted_at is not null
  group by 1, 2, 3
),

-- What this says about the endpoints. -------------------------------------------------------------------------------
-- Only what has settled its delivery counts. A sender that froze until its leases were lost holds results of another time.
settled_health as (
  select s.endpoint_id, count(*) filter (where s.error is null)::int as successes,
         count(*) filter (where s.error is not null and s.counts_as_attempt)::int as failures,
         bool_or(not s.counts_as_attempt) as excused, max(s.pause) as pause, bool_or(s.error = 'throttled') as throttled,
         min(s.tries) filter (where s.error is null) as accepted_try,
         array_agg(s.tries) filter (where s.error is not null and s.counts_as_attempt) as failed_tries,
         -- The most tries, and the oldest event among those that have as many.
         max(array[s.tries, -s.event_id]) filter (where s.error is not null and s.counts_as_attempt and s.state = 'pending') as nearest,
         array_agg(s.event_id) filter (where s.error is not null) as failed_events
  from settled s
  group by s.endpoint_id
),
-- The attempts of groups were first tries, and succeeded.
health as materialized (
  select coalesce(s.endpoint_id, o.endpoint_id) as endpoint_id, coalesce(s.successes, 0) + coalesce(o.successes, 0) as successes,
         coalesce(s.failures, 0) as failures, s.excused, s.pause, s.throttled,
         case when o.endpoint_id is null then s.accepted_try else 1 end as accepted_try, s.failed_tries, s.nearest, s.failed_events
  from settled_health s
  full join unnest($24::bigint[], $25::int[]) as o (endpoint_id, successes) on o.endpoint_id = s.endpoint_id
),
-- In the order of ids, so that two senders never wait for each other in a circle. A healthy lane is not written.
lane as materialized (
  select l as health, h.*, p.max_in_flight
  from outbox.endpoint_health l
  join health h on h.endpoint_id = l.endpoint_id
  join outbox.endpoints p on p.id = l.endpoint_id
  where h.failures > 0 or l.failures > 0 or l.slow_start_limit is not null or l.probing or l.tries_needed > 1
  order by l.endpoint_id
  for update of l
),
noted as (
  update outbox.endpoint_health l
  set failures = n.failures, early_failures = n.early_failures, failing_since = n.failing_since, not_before = n.not_before,
      probe_at = n.probe_at, probes = n.probes, probing = n.probing, nearest_event_id = n.nearest_event_id,
      tries_needed = n.tries_needed, relapses = n.relapses, doubted_at = n.doubted_at, slow_start_limit = n.slow_start_limit
  from lane
  cross join lateral outbox.health_after(
    lane.health, lane.max_in_flight, lane.successes, lane.accepted_try, lane.failed_tries, lane.throttled, lane.excused,
    lane.pause, lane.nearest, lane.failed_events, $18::int[], $19::float8[], $20::float8, $21::int, $22::float8
  ) n
  where l.endpoint_id = lane.endpoint_id
),
-- An endpoint whose row another transaction holds is skipped: its next failure disables it.
finished as (
  select p.id, bool_or(s.gone) as gone
  from settled s
  cross join clock
  join outbox.endpoints p on p.id = s.endpoint_id
  left join lane on lane.endpoint_id = s.endpoint_id
  where s.gone
     or lane.successes = 0 and lane.failures > 0 and (lane.health).failing_since < clock.now - make_interval(secs => $17::float8)
  group by p.id
),
disabled as (
  update outbox.endpoints p
  set state = 'disabled',
      disabled_reason = case when finished.gone then 'gone' else 'failing' end::outbox.disabled_reason
  from finished
  where p.id = finished.id
    and p.id in (select id from outbox.endpoints where id in (select id from finished) and state <> 'disabled'
                 for update skip locked)
)
select
  (
    select coalesce(json_agg(json_build_object('endpoint_id', r.endpoint_id::text, 'event_id', r.event_id::text)), '[]')
    from result r
    where not exists (select from settled s where s.endpoint_id = r.endpoint_id and s.event_id = r.event_id)
  )::text as lost,
  exists (select from lane where lane.successes > 0 and ((lane.health).probe_at is not null or (lane.health).slow_start_limit is not null))
  or exists (
    select
    from settled s
    join outbox.delivery_rows next
      on next.endpoint_id = s.endpoint_id and next.ordering_key = s.ordering_key and next.state = 'pending'
    where s.state <> 'pending'
  ) as unblocked
