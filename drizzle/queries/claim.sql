-- Step 5 for what did not leave at once: leases what is due, retries and what found no capacity in its lane (fan_out.sql).
--
-- $1 lease                    text      '<sender>:<number of the claim>', the fencing token
-- $2 lease_seconds            float8    how long the lease holds
-- $3 lease_limit              int       deliveries to lease at most
-- $4 default_capacity         int       how many deliveries an endpoint may get that is not in `endpoints`
-- $5 endpoints[].endpoint_id  bigint as EndpointId  those that the sender knows
-- $6 endpoints[].capacity     int       how many more deliveries it may get; 0 = none
-- $7 endpoints[].held         int       how many of its deliveries the sender holds already
-- $8 scan_after               bigint? as EndpointId  the scan over the endpoints goes on behind this one; null = from the first
-- $9 scan_limit               int       endpoints to look at, at most
-- $10 sharers                 int       senders that share what an endpoint may have in flight
-- $11 slot_spacing            float8    with a rate limit, slots lie so many times further apart than asked for (delivery/rate.ts)
-- $12 slot_horizon_seconds    float8    how far ahead a claim gives out slots
--
-- Returns meta, then rows: the leased deliveries.
-- -> endpoint_id            text as EndpointId
-- -> event_id               text as EventId
-- -> group                  text? as EventId    always null
-- -> attempt                int                 its number, from 1
-- -> attempts_used          int                 attempts of the present retry budget before this one
-- -> version                int                 the endpoint's
-- -> nonce                  int                 the random half of the event's public id
-- -> type                   text
-- -> occurred_at            float8              in microseconds since 1970
-- -> data                   text                JSON, as Postgres prints it
-- -> actor                  text?
-- -> traceparent            text?
-- -> start_in               float8?             with a rate limit: the slot is so many seconds from now
-- -> meta.scan_cursor       text? as EndpointId  the last endpoint that had its turn; null = the scan saw all, and what was due of them was leased
-- -> meta.next_due_in       float8?             seconds until the next delivery of the endpoints seen is due; null = none waits for its time
-- -> meta.next_slot_in      float8?             seconds until a lane with a rate limit and work has its next free slot; null = there is none
with recursive
clock as materialized (select clock_timestamp() as now),

-- 1. Which lanes have something due and may send. -------------------------------------------------------------------
known as materialized (select * from unnest($5::bigint[], $6::int[], $7::int[]) as k (endpoint_id, capacity, held)),
-- A loose index scan: one probe for each endpoint that has anything pending, however much that is.
scan as (
  (
    select d.endpoint_id, 1 as step
    from outbox.delivery_rows d
    where d.state = 'pending' and d.endpoint_id > coalesce($8::bigint, 0)
    order by d.endpoint_id
    limit 1
  )
  union all
  select n.endpoint_id, scan.step + 1
  from scan
  cross join lateral (
    select d.endpoint_id
    from outbox.delivery_rows d
    where d.state = 'pending' and d.endpoint_id > scan.endpoint_id
    order by d.endpoint_id
    limit 1
  ) n
  where scan.step < $9::int
),
-- `coordinated`: all senders decide together (breaker, slow start, rate, order of keys), under the lock of the lane's row.
lane as materialized (
  select scan.endpoint_id, scan.step, p.ordering, p.rate_per_second, coalesce(k.held, 0) as held,
         coalesce(k.capacity, least($4::int, ceil(p.max_in_flight::float8 / $10::int)::int)) as capacity,
         greatest(first.due_at, l.not_before, l.probe_at) as due_at,
         p.ordering = 'key' or p.rate_per_second is not null or l.probe_at is not null or l.slow_start_limit is not null as coordinated
  from scan
  join outbox.endpoints p on p.id = scan.endpoint_id and p.state = 'active' and p.kind = 'push'
  join outbox.endpoint_health l on l.endpoint_id = p.id
  left join known k on k.endpoint_id = p.id
  cross join lateral (
    select d.due_at
    from outbox.delivery_rows d
    where d.endpoint_id = p.id and d.state = 'pending'
    order by d.due_at
    limit 1
  ) first
),
-- The rows as they are now, not as the snapshot saw them. A lane that another sender is deciding on is skipped.
locked_lane as materialized (
  select l.endpoint_id, l.probe_at, l.probes, l.nearest_event_id, l.slow_start_limit, l.key_cursor,
         greatest(l.next_slot_at, clock.now) as next_slot
  from lane
  cross join clock
  join outbox.endpoint_health l on l.endpoint_id = lane.endpoint_id
  where lane.coordinated and lane.capacity > 0 and lane.due_at <= clock.now
    and coalesce(greatest(l.not_before, l.probe_at) <= clock.now, true)
  order by l.endpoint_id
  limit $3::int
  for update of l skip locked
),
allowance as materialized (
  select lane.endpoint_id, lane.step, lane.ordering, lane.rate_per_second, locked_lane.next_slot, locked_lane.key_cursor, locked_lane.probe_at,
         case
           when not lane.coordinated then lane.capacity
           when locked_lane.endpoint_id is null then 0
           -- An open breaker lets one probe through, over all senders.
           when locked_lane.probe_at is not null then 1
           else least(
             lane.capacity,
             -- A breaker that has just closed: twice as many with each round of successes.
             locked_lane.slow_start_limit - lane.held,
             -- The slots within the horizon.
             1 + floor(($12::float8 - extract(epoch from locked_lane.next_slot - clock.now)::float8)
                       * lane.rate_per_second / $11::float8)::int
           )
         end as deliveries,
         -- Every other probe goes to the delivery that is nearest to the end of its schedule.
         case when locked_lane.probe_at is not null
              then outbox.lock_probe(lane.endpoint_id,
                                     case when locked_lane.probes % 2 = 0 then locked_lane.nearest_event_id end, clock.now)
         end as probe
  from lane
  cross join clock
  left join locked_lane on locked_lane.endpoint_id = lane.endpoint_id
  where lane.due_at <= clock.now
  order by lane.step
),

-- 2. What is due in these lanes. ------------------------------------------------------------------------------------
due as materialized (
  select d.row, d.endpoint_id
  from allowance
  cross join lateral (
    select d.ctid as row, d.endpoint_id
    from outbox.delivery_rows d
    where d.endpoint_id = allowance.endpoint_id and d.state = 'pending' and d.due_at <= (select now from clock)
    order by d.due_at, d.event_id
    limit allowance.deliveries
    for update skip locked
  ) d
  where allowance.ordering = 'none' and allowance.deliveries > 0 and allowance.probe is null
  limit $3::int
),
-- With ordering: only the oldest event of each key may start, when it is due itself; everything behind it waits. So an event
-- that always fails holds up its own key and no other.
key as materialized (
  select allowance.endpoint_id, allowance.deliveries as allowance, open.*, 4 * allowance.deliveries + 100 as key_limit
  from allowance
  cross join lateral outbox.open_keys(allowance.endpoint_id, allowance.key_cursor, 4 * allowance.deliveries + 100) open
  where allowance.ordering = 'key' and allowance.deliveries > 0 and allowance.probe is null
),
head as materialized (
  select d.ctid as row, d.endpoint_id
  from (
    select key.oldest, key.allowance, row_number() over (partition by key.endpoint_id order by key.due_at) as turn
    from key
    where key.state = 'pending' and key.due_at <= (select now from clock)
  ) first
  join outbox.delivery_rows d on d.ctid = first.oldest and d.state = 'pending'
  where first.turn <= first.allowance
  limit greatest(0, $3::int - (select count(*) from due))
  for update of d skip locked
),
-- Events without a key have no order to keep, also for an endpoint that wants order.
keyless as materialized (
  select d.row, d.endpoint_id
  from allowance
  cross join lateral (
    select d.ctid as row, d.endpoint_id
    from outbox.delivery_rows d
    where d.endpoint_id = allowance.endpoint_id and d.state = 'pending' and d.ordering_key is null
      and d.due_at <= (select now from clock)
    order by d.due_at, d.event_id
    limit greatest(0, allowance.deliveries - (select count(*) from head where head.endpoint_id = allowance.endpoint_id))
    for update skip locked
  ) d
  where allowance.ordering = 'key' and allowance.deliveries > 0 and allowance.probe is null
  limit greatest(0, $3::int - (select count(*) from due) - (select count(*) from head))
),
taken as materialized (
  select taken.row, taken.endpoint_id, row_number() over (partition by taken.endpoint_id) as slot
  from (
    select allowance.probe as row, allowance.endpoint_id from allowance where allowance.probe is not null
    union all select * from due
    union all select * from head
    union all select * from keyless
    limit $3::int
  ) taken
),
-- Joined by the rows' addresses, which the locks taken above keep in place, so that the plan does not depend on statistics.
leased as (
  update outbox.delivery_rows d
  set state = 'sending',
      attempt = d.attempt + 1,
      lease = $1::text,
      leased_until = (select now from clock) + make_interval(secs => $2::float8)
  from taken
  where d.ctid = taken.row
  returning d.endpoint_id, d.event_id, d.attempt, d.attempt - 1 - d.retry_base as attempts_used, taken.slot
),
used as materialized (select endpoint_id, count(*)::int as rows from leased group by endpoint_id),
-- Where the scan of the keys goes on next time, if it did not see them all.
key_scan as (
  select endpoint_id, max(ordering_key) as cursor from key where place = key_limit group by endpoint_id
),
decided as (
  update outbox.endpoint_health l
  set probe_at = case when locked_lane.probe_at is null then null
                      else (select now from clock) + make_interval(secs => $2::float8) end,
      probing = locked_lane.probe_at is not null,
      next_slot_at = case when allowance.rate_per_second is not null
                         then locked_lane.next_slot + make_interval(secs => used.rows * $11::float8 / allowance.rate_per_second) end,
      key_cursor = key_scan.cursor
  from locked_lane
  join allowance on allowance.endpoint_id = locked_lane.endpoint_id
  left join used on used.endpoint_id = locked_lane.endpoint_id
  left join key_scan on key_scan.endpoint_id = locked_lane.endpoint_id
  where l.endpoint_id = locked_lane.endpoint_id
    and (used.rows > 0 and (locked_lane.probe_at is not null or allowance.rate_per_second is not null)
         or locked_lane.key_cursor is distinct from key_scan.cursor)
)
select
  null::text as endpoint_id, null::text as event_id, null::text as "group", null::int as attempt, null::int as attempts_used, null::int as version,
  null::int as nonce, null::text as type, null::float8 as occurred_at, null::text as data, null::text as actor,
  null::text as traceparent, null::float8 as start_in,
  json_build_object(
    'scan_cursor', (
      select case
        -- The limit was reached: the endpoints behind the last one served have not had a turn.
        when (select count(*) from taken) >= $3::int and (select max(endpoint_id) from taken) < max(scan.endpoint_id)
          then (select max(endpoint_id)::text from taken)
        when count(*) >= $9::int then max(scan.endpoint_id)::text
      end
      from scan
    ),
    'next_due_in', (select extract(epoch from min(due_at) - (select now from clock))::float8 from lane
                    where due_at > (select now from clock)),
    'next_slot_in', (select min(extract(epoch from locked_lane.next_slot - (select now from clock))::float8
                                + coalesce(used.rows, 0) * $11::float8 / allowance.rate_per_second)
                     from locked_lane
                     join allowance on allowance.endpoint_id = locked_lane.endpoint_id and allowance.rate_per_second is not null
                     left join used on used.endpoint_id = locked_lane.endpoint_id)
  )::text as meta
union all
(
  select
    l.endpoint_id::text, l.event_id::text, null, l.attempt, l.attempts_used, p.version,
    e.nonce, e.type, round(date_part('epoch', e.occurred_at) * 1000000),
    e.data::text, e.actor, e.traceparent,
    case when allowance.rate_per_second is not null
         then extract(epoch from allowance.next_slot - (select now from clock))::float8
              + (l.slot - 1) * $11::float8 / allowance.rate_per_second end,
    null
  from leased l
  join allowance on allowance.endpoint_id = l.endpoint_id
  cross join lateral (select * from outbox.events e where e.id = l.event_id limit 1) e
  join outbox.endpoints p on p.id = l.endpoint_id
  order by l.event_id
)
