-- Stop 5 for whatever did not leave at once: leases what is due, retries and what had no room in its lane (fan_out.sql).
--
-- $1 lease          text      who claims: '<sender>:<number of the claim>', the fencing token
-- $2 lease_seconds  float8    how long the lease holds
-- $3 lease_limit    int       deliveries to lease at most
-- $4 default_room   int       how many one endpoint may get, where $5 does not say
-- $5 endpoint_ids   bigint[]  endpoints the claimer knows,
-- $6 rooms          int[]     how many more each may get (0 = none),
-- $7 held           int[]     and how many it holds already
-- $8 scan_after      bigint    the walk over the endpoints begins behind this one; 0 at the first
-- $9 scan_limit     int       endpoints to look at, at most
-- $10 sharers       int       senders that share what an endpoint may have in flight
-- $11 slot_spacing  float8    with a rate limit, slots lie so many times further apart than asked for (delivery/rate.ts)
-- $12 slot_horizon_seconds  float8  seconds ahead for which a claim gives out slots
--
-- The first row carries only `meta`: what the statement saw besides. The others are the leased deliveries.
with recursive
clock as materialized (
  select clock_timestamp() as now
),

-- 1. Which lanes have something due and may send. -------------------------------------------------------------------
busy as materialized (
  select * from unnest($5::bigint[], $6::int[], $7::int[]) as b (endpoint_id, room, held)
),
-- A loose index scan: one probe for each endpoint that has anything pending, however much that is.
ring as (
  (
    select d.endpoint_id, 1 as step
    from outbox.deliveries d
    where d.state = 'pending' and d.endpoint_id > $8::bigint
    order by d.endpoint_id
    limit 1
  )
  union all
  select n.endpoint_id, ring.step + 1
  from ring
  cross join lateral (
    select d.endpoint_id
    from outbox.deliveries d
    where d.state = 'pending' and d.endpoint_id > ring.endpoint_id
    order by d.endpoint_id
    limit 1
  ) n
  where ring.step < $9::int
),
-- `guarded`: all senders together decide (breaker, slow_start_limit, rate, order of keys), under the lock of the lane's row.
lane as materialized (
  select ring.endpoint_id, ring.step, p.ordering, p.rate_per_second, coalesce(b.held, 0) as held,
         coalesce(b.room, least($4::int, ceil(p.max_in_flight::float8 / $10::int)::int)) as room,
         greatest(first.due_at, l.not_before, l.probe_at) as due_at,
         p.ordering = 'key' or p.rate_per_second is not null or l.probe_at is not null or l.slow_start_limit is not null as guarded
  from ring
  join outbox.endpoints p on p.id = ring.endpoint_id and p.state = 'active'
  join outbox.endpoint_health l on l.endpoint_id = p.id
  left join busy b on b.endpoint_id = p.id
  cross join lateral (
    select d.due_at
    from outbox.deliveries d
    where d.endpoint_id = p.id and d.state = 'pending'
    order by d.due_at
    limit 1
  ) first
),
-- The rows as they are now, not as the snapshot saw them; a lane that somebody else is just deciding on is passed by.
gate as materialized (
  select l.endpoint_id, l.probe_at, l.slow_start_limit, l.key_cursor, greatest(l.next_slot_at, clock.now) as next_slot
  from lane
  cross join clock
  join outbox.endpoint_health l on l.endpoint_id = lane.endpoint_id
  where lane.guarded and lane.room > 0 and lane.due_at <= clock.now
    and coalesce(greatest(l.not_before, l.probe_at) <= clock.now, true)
  order by l.endpoint_id
  limit $3::int
  for update of l skip locked
),
permit as materialized (
  select lane.endpoint_id, lane.step, lane.ordering, lane.rate_per_second, gate.next_slot, gate.key_cursor, gate.probe_at,
         case
           when not lane.guarded then lane.room
           when gate.endpoint_id is null then 0
           -- An open breaker lets one probe through, over all senders.
           when gate.probe_at is not null then 1
           else least(
             lane.room,
             -- A breaker that has just closed: twice as many with each round of successes.
             gate.slow_start_limit - lane.held,
             -- The slots within the horizon.
             1 + floor(($12::float8 - extract(epoch from gate.next_slot - clock.now)::float8)
                       * lane.rate_per_second / $11::float8)::int
           )
         end as room
  from lane
  cross join clock
  left join gate on gate.endpoint_id = lane.endpoint_id
  where lane.due_at <= clock.now
  order by lane.step
),

-- 2. What is due in these lanes. ------------------------------------------------------------------------------------
due as materialized (
  select d.row, d.endpoint_id
  from permit
  cross join lateral (
    select d.ctid as row, d.endpoint_id
    from outbox.deliveries d
    where d.endpoint_id = permit.endpoint_id and d.state = 'pending' and d.due_at <= (select now from clock)
    order by d.due_at, d.event_id
    limit permit.room
    for update skip locked
  ) d
  where permit.ordering = 'none' and permit.room > 0
  limit $3::int
),
-- With ordering: walk over the keys that have anything open, one probe each, and look at the oldest event of each. It may
-- start when it is due itself; everything behind it waits. So a poisoned event holds up its own key and no other.
key as (
  select permit.endpoint_id, k.ordering_key, 1 as step, permit.room
  from permit
  cross join lateral (
    select d.ordering_key
    from outbox.deliveries d
    where d.endpoint_id = permit.endpoint_id and d.ordering_key > coalesce(permit.key_cursor, '')
      and d.state in ('pending', 'sending') and d.ordering_key is not null
    order by d.ordering_key
    limit 1
  ) k
  where permit.ordering = 'key' and permit.room > 0
  union all
  select key.endpoint_id, k.ordering_key, key.step + 1, key.room
  from key
  cross join lateral (
    select d.ordering_key
    from outbox.deliveries d
    where d.endpoint_id = key.endpoint_id and d.ordering_key > key.ordering_key
      and d.state in ('pending', 'sending') and d.ordering_key is not null
    order by d.ordering_key
    limit 1
  ) k
  where key.step < 4 * key.room + 100
),
head as materialized (
  select d.ctid as row, d.endpoint_id
  from (
    select h.row, key.endpoint_id, key.room, row_number() over (partition by key.endpoint_id order by h.due_at) as place
    from key
    cross join lateral (
      select d.ctid as row, d.state, d.due_at
      from outbox.deliveries d
      where d.endpoint_id = key.endpoint_id and d.ordering_key = key.ordering_key and d.state in ('pending', 'sending')
      order by d.event_id
      limit 1
    ) h
    where h.state = 'pending' and h.due_at <= (select now from clock)
  ) oldest
  join outbox.deliveries d on d.ctid = oldest.row and d.state = 'pending'
  where oldest.place <= oldest.room
  limit greatest(0, $3::int - (select count(*) from due))
  for update of d skip locked
),
-- Events without a key have no order to keep, also for an endpoint that wants order.
keyless as materialized (
  select d.row, d.endpoint_id
  from permit
  cross join lateral (
    select d.ctid as row, d.endpoint_id
    from outbox.deliveries d
    where d.endpoint_id = permit.endpoint_id and d.state = 'pending' and d.ordering_key is null
      and d.due_at <= (select now from clock)
    order by d.due_at, d.event_id
    limit greatest(0, permit.room - (select count(*) from head where head.endpoint_id = permit.endpoint_id))
    for update skip locked
  ) d
  where permit.ordering = 'key' and permit.room > 0
  limit greatest(0, $3::int - (select count(*) from due) - (select count(*) from head))
),
taken as materialized (
  select taken.row, taken.endpoint_id, row_number() over (partition by taken.endpoint_id) as slot
  from (select * from due union all select * from head union all select * from keyless) taken
),
-- Joined by the rows' addresses, which stand still under the locks taken above: the shortest way for every planner's mood.
leased as (
  update outbox.deliveries d
  set state = 'sending',
      attempt = d.attempt + 1,
      lease = $1::text,
      leased_until = (select now from clock) + make_interval(secs => $2::float8)
  from taken
  where d.ctid = taken.row
  returning d.endpoint_id, d.event_id, d.attempt, d.attempt - 1 - d.retry_base as attempts_used, taken.slot
),
used as materialized (
  select endpoint_id, count(*)::int as rows from taken group by endpoint_id
),
walked as (
  select key.endpoint_id, count(*) as steps, max(key.room) as room, max(key.ordering_key) as last
  from key
  group by key.endpoint_id
),
decided as (
  update outbox.endpoint_health l
  set probe_at = case when gate.probe_at is null then null
                      else (select now from clock) + make_interval(secs => $2::float8) end,
      probing = gate.probe_at is not null,
      next_slot_at = case when permit.rate_per_second is not null
                         then gate.next_slot + make_interval(secs => used.rows * $11::float8 / permit.rate_per_second) end,
      key_cursor = case when walked.steps >= 4 * walked.room + 100 then walked.last end
  from gate
  join permit on permit.endpoint_id = gate.endpoint_id
  left join used on used.endpoint_id = gate.endpoint_id
  left join walked on walked.endpoint_id = gate.endpoint_id
  where l.endpoint_id = gate.endpoint_id
    and (used.rows > 0 and (gate.probe_at is not null or permit.rate_per_second is not null)
         or gate.key_cursor is distinct from case when walked.steps >= 4 * walked.room + 100 then walked.last end)
)
select
  null::text as endpoint_id, null::text as event_id, null::int as attempt, null::int as attempts_used, null::int as version,
  null::text as webhook_id, null::text as type, null::text as timestamp, null::text as data, null::text as actor,
  null::text as traceparent, null::float8 as start_in,
  json_build_object(
    'scan_cursor', (
      select case
        -- The limit was reached: whoever comes behind the last one served has not had a turn.
        when (select count(*) from taken) >= $3::int and (select max(endpoint_id) from taken) < max(ring.endpoint_id)
          then (select max(endpoint_id)::text from taken)
        when count(*) >= $9::int then max(ring.endpoint_id)::text
      end
      from ring
    ),
    'next_due_in', (select extract(epoch from min(due_at) - (select now from clock))::float8 from lane
                    where due_at > (select now from clock)),
    'next_slot_in', (select min(extract(epoch from gate.next_slot - (select now from clock))::float8
                                + coalesce(used.rows, 0) * $11::float8 / permit.rate_per_second)
                     from gate
                     join permit on permit.endpoint_id = gate.endpoint_id and permit.rate_per_second is not null
                     left join used on used.endpoint_id = gate.endpoint_id)
  )::text as meta
union all
(
  select
    l.endpoint_id::text, l.event_id::text, l.attempt, l.attempts_used, p.version,
    outbox.event_id(e.id, e.nonce), e.type,
    to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.data::text, e.actor, e.traceparent,
    case when permit.rate_per_second is not null
         then extract(epoch from permit.next_slot - (select now from clock))::float8
              + (l.slot - 1) * $11::float8 / permit.rate_per_second end,
    null
  from leased l
  join permit on permit.endpoint_id = l.endpoint_id
  cross join lateral (select * from outbox.events e where e.id = l.event_id limit 1) e
  join outbox.endpoints p on p.id = l.endpoint_id
  order by l.event_id
)
