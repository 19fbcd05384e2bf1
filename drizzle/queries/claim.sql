-- Stop 5. Fans new events out into deliveries and leases what is due: one statement, many rows.
--
-- $1 lease          text      who claims: '<sender>:<number of the claim>', the fencing token
-- $2 lease_seconds  float8    how long the lease holds
-- $3 fanout_limit   int       events to fan out at most; 0 leaves them
-- $4 fanout_from    bigint    no event waiting for its fan-out has a lower id (worker/fanout-bound.ts); 0 looks at all
-- $5 lease_limit    int       deliveries to lease at most
-- $6 default_room   int       how many one endpoint may get, where $7 does not say
-- $7 endpoint_ids   bigint[]  endpoints the claimer knows,
-- $8 rooms          int[]     how many more each may get (0 = none),
-- $9 held           int[]     and how many it holds already
-- $10 ring_from     bigint    the walk over the endpoints begins behind this one; 0 at the first
-- $11 ring_steps    int       endpoints to look at, at most
-- $12 sharers       int       senders that share what an endpoint may have in flight
--
-- The first row carries only `meta`: what the statement saw besides. The others are the leased deliveries.
with recursive
clock as materialized (
  select clock_timestamp() as now
),

-- 1. Which new events to fan out. -----------------------------------------------------------------------------------
-- One fan-out at a time, in the order of ids: events of one key become deliveries in the order they happened, because
-- the next event of a row gets its id only after the one before has been committed. Who does not get the turn only leases.
turn as materialized (
  select $3::int > 0 and pg_try_advisory_xact_lock(1869967992, 1) as mine
),
waiting as materialized (
  select f.ctid as row, f.event_id
  from outbox.fanout f
  where f.event_id >= $4::bigint and (select mine from turn)
  order by f.event_id
  limit $3::int
),
fresh as (
  delete from outbox.fanout f
  using waiting w
  where f.ctid = w.row
  returning f.event_id
),

-- 2. Which lanes have something due and may send. -------------------------------------------------------------------
busy as materialized (
  select * from unnest($7::bigint[], $8::int[], $9::int[]) as b (endpoint_id, room, held)
),
-- A loose index scan: one probe for each endpoint that has anything pending, however much that is.
ring as (
  (
    select d.endpoint_id, 1 as step
    from outbox.deliveries d
    where d.state = 'pending' and d.endpoint_id > $10::bigint
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
  where ring.step < $11::int
),
-- `guarded`: all senders together decide (breaker, ramp, rate, order of keys), under the lock of the lane's row.
lane as materialized (
  select ring.endpoint_id, ring.step, p.ordering, p.rate_per_second, coalesce(b.held, 0) as held,
         coalesce(b.room, least($6::int, ceil(p.max_in_flight::float8 / $12::int)::int)) as room,
         greatest(first.due_at, l.not_before, l.probe_at) as due_at,
         p.ordering = 'key' or p.rate_per_second is not null or l.probe_at is not null or l.ramp is not null as guarded
  from ring
  join outbox.endpoints p on p.id = ring.endpoint_id and p.state = 'active'
  join outbox.lanes l on l.endpoint_id = p.id
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
  select l.endpoint_id, l.probe_at, l.ramp, l.walked_to, greatest(l.paced_until, clock.now) as next_slot
  from lane
  cross join clock
  join outbox.lanes l on l.endpoint_id = lane.endpoint_id
  where lane.guarded and lane.room > 0 and lane.due_at <= clock.now
    and coalesce(greatest(l.not_before, l.probe_at) <= clock.now, true)
  order by l.endpoint_id
  limit $5::int
  for update of l skip locked
),
permit as materialized (
  select lane.endpoint_id, lane.step, lane.ordering, lane.rate_per_second, gate.next_slot, gate.walked_to, gate.probe_at,
         case
           when not lane.guarded then lane.room
           when gate.endpoint_id is null then 0
           -- An open breaker lets one probe through, over all senders.
           when gate.probe_at is not null then 1
           else least(
             lane.room,
             -- A breaker that has just closed: twice as many with each round of successes.
             gate.ramp - lane.held,
             -- Slots within the next quarter of a second, a little wider apart than asked for: timers are late at times,
             -- and then there must still be no more than the rate in any second.
             1 + floor((0.25 - extract(epoch from gate.next_slot - clock.now)::float8)
                       * lane.rate_per_second / 1.02)::int
           )
         end as room
  from lane
  cross join clock
  left join gate on gate.endpoint_id = lane.endpoint_id
  where lane.due_at <= clock.now
  order by lane.step
),

-- 3. What is due in these lanes. ------------------------------------------------------------------------------------
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
  limit $5::int
),
-- With ordering: walk over the keys that have anything open, one probe each, and look at the oldest event of each. It may
-- start when it is due itself; everything behind it waits. So a poisoned event holds up its own key and no other.
key as (
  select permit.endpoint_id, k.ordering_key, 1 as step, permit.room
  from permit
  cross join lateral (
    select d.ordering_key
    from outbox.deliveries d
    where d.endpoint_id = permit.endpoint_id and d.ordering_key > coalesce(permit.walked_to, '')
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
  limit greatest(0, $5::int - (select count(*) from due))
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
  limit greatest(0, $5::int - (select count(*) from due) - (select count(*) from head))
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
  returning d.endpoint_id, d.event_id, d.attempt, d.attempt - 1 - d.budget_from as spent, taken.slot
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
  update outbox.lanes l
  set probe_at = case when gate.probe_at is null then null
                      else (select now from clock) + make_interval(secs => $2::float8) end,
      probing = gate.probe_at is not null,
      paced_until = case when permit.rate_per_second is not null
                         then gate.next_slot + make_interval(secs => used.rows * 1.02 / permit.rate_per_second) end,
      walked_to = case when walked.steps >= 4 * walked.room + 100 then walked.last end
  from gate
  join permit on permit.endpoint_id = gate.endpoint_id
  left join used on used.endpoint_id = gate.endpoint_id
  left join walked on walked.endpoint_id = gate.endpoint_id
  where l.endpoint_id = gate.endpoint_id
    and (used.rows > 0 and (gate.probe_at is not null or permit.rate_per_second is not null)
         or gate.walked_to is distinct from case when walked.steps >= 4 * walked.room + 100 then walked.last end)
),

-- 4. Who gets the new events, and which of these deliveries leave at once. --------------------------------------------
-- As many as the endpoint still has room for. A guarded lane's wait in the table for the next claim.
-- Whom a type and a tenant concern is asked once for each such pair, not for every event.
event as materialized (
  select e.*, dense_rank() over (order by e.type, e.tenant) as kind
  from fresh
  cross join lateral (
    select e.id, e.type, e.tenant, e.key, e.xid
    from outbox.events e
    where e.id = fresh.event_id
    limit 1 -- not pulled up into a join: one probe for each event, whatever the planner takes the tables to be
  ) e
),
kind as materialized (
  select k.*, outbox.patterns(k.type) as patterns
  from (select distinct kind, type, tenant from event) k
),
audience as materialized (
  select kind.kind, p.id as endpoint_id, p.ordering, p.born_after, p.born_snapshot,
         coalesce(b.room, least($6::int, ceil(p.max_in_flight::float8 / $12::int)::int)) as room,
         p.state = 'active' and coalesce(greatest(l.not_before, l.probe_at) <= (select now from clock), true) as open,
         p.ordering = 'key' or p.rate_per_second is not null or l.probe_at is not null or l.ramp is not null as guarded
  from kind
  join outbox.endpoints p
    on p.state <> 'disabled'
   and (p.tenant is null or p.tenant = kind.tenant)
   -- outbox.matches(), with the type's patterns at hand.
   and case when p.event_types is null then not starts_with(kind.type, 'outbox.') else p.event_types && kind.patterns end
  join outbox.lanes l on l.endpoint_id = p.id
  left join busy b on b.endpoint_id = p.id
),
wanted as materialized (
  select event.id as event_id, a.endpoint_id, case when a.ordering = 'key' then event.key end as ordering_key,
         a.room, a.open, a.guarded
  from event
  join audience a on a.kind = event.kind
  where event.id > a.born_after or not pg_visible_in_snapshot(event.xid, a.born_snapshot)
),
placed as (
  select w.event_id, w.endpoint_id, w.ordering_key, w.place, w.open and w.guarded and w.room > 0 as guarded,
         w.open and not w.guarded and w.place <= w.room - coalesce(used.rows, 0) as fits
  from (select *, row_number() over (partition by endpoint_id order by event_id) as place from wanted) w
  left join used on used.endpoint_id = w.endpoint_id
),
chosen as (
  select event_id, endpoint_id, ordering_key, guarded,
         fits and row_number() over (order by fits desc, place, event_id)
                  <= $5::int - (select count(*) from taken) as now
  from placed
),
born as (
  insert into outbox.deliveries (endpoint_id, event_id, state, attempt, due_at, lease, leased_until, ordering_key)
  select c.endpoint_id, c.event_id,
         case when c.now then 'sending' else 'pending' end::outbox.delivery_state,
         case when c.now then 1 else 0 end,
         clock.now,
         case when c.now then $1::text end,
         case when c.now then clock.now + make_interval(secs => $2::float8) end,
         c.ordering_key
  from chosen c
  cross join clock
  order by c.endpoint_id, c.event_id
  on conflict (endpoint_id, event_id) do nothing
  returning endpoint_id, event_id, state
),

claimed as (
  select leased.endpoint_id, leased.event_id, leased.attempt, leased.spent,
         case when permit.rate_per_second is not null
              then extract(epoch from permit.next_slot - (select now from clock))::float8
                   + (leased.slot - 1) * 1.02 / permit.rate_per_second end as start_in
  from leased
  join permit on permit.endpoint_id = leased.endpoint_id
  union all
  select endpoint_id, event_id, 1, 0, null from born where state = 'sending'
)
select
  null::text as endpoint_id, null::text as event_id, null::int as attempt, null::int as spent, null::int as version,
  null::text as webhook_id, null::text as type, null::text as timestamp, null::text as data, null::text as actor,
  null::text as traceparent, null::float8 as start_in,
  json_build_object(
    'fanned', (select count(*) from fresh),
    'fanned_to', (select max(event_id)::text from waiting),
    'had_turn', (select mine from turn),
    'born', (select count(*) from born),
    'born_waiting', (select count(*) from born where state = 'pending'),
    'born_guarded', (select count(*) from chosen where guarded),
    'ring_to', (
      select case
        -- The limit was reached: whoever comes behind the last one served has not had a turn.
        when (select count(*) from taken) >= $5::int and (select max(endpoint_id) from taken) < max(ring.endpoint_id)
          then (select max(endpoint_id)::text from taken)
        when count(*) >= $11::int then max(ring.endpoint_id)::text
      end
      from ring
    ),
    'next_due_in', (select extract(epoch from min(due_at) - (select now from clock))::float8 from lane
                    where due_at > (select now from clock)),
    'next_slot_in', (select min(extract(epoch from gate.next_slot - (select now from clock))::float8
                                + coalesce(used.rows, 0) * 1.02 / permit.rate_per_second)
                     from gate
                     join permit on permit.endpoint_id = gate.endpoint_id and permit.rate_per_second is not null
                     left join used on used.endpoint_id = gate.endpoint_id),
    'xmin', pg_snapshot_xmin(pg_current_snapshot())::text,
    'xmax', pg_snapshot_xmax(pg_current_snapshot())::text
  )::text as meta
union all
(
  select
    c.endpoint_id::text, c.event_id::text, c.attempt, c.spent, p.version,
    outbox.event_id(e.id, e.nonce), e.type,
    to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.data::text, e.actor, e.traceparent, c.start_in, null
  from claimed c
  cross join lateral (select * from outbox.events e where e.id = c.event_id limit 1) e
  join outbox.endpoints p on p.id = c.endpoint_id
  order by c.event_id
)
