-- Step 5. Fans new events out into deliveries. Those that their lane has capacity for are created leased and leave at once.
-- Deliveries that are due already are claimed by another statement (claim.sql): every new event waits for this one, so it
-- must be quick.
-- Next: delivery/deliver.ts
--
-- $1 lease                    text    '<sender>:<number of the claim>', the fencing token
-- $2 lease_seconds            float8  how long the lease holds
-- $3 fan_out_limit            int     events to fan out at most
-- $4 fan_out_from             bigint  no event that waits for its fan-out has a lower id (worker/claim/fan-out-bound.ts); 0 = unknown
-- $5 lease_limit              int     deliveries to lease at most
-- $6 default_capacity         int     how many deliveries an endpoint may get that is not in `endpoints`
-- $7 endpoints[].endpoint_id  bigint as EndpointId  those that the sender knows
-- $8 endpoints[].capacity     int     how many more deliveries it may get; 0 = none
-- $9 sharers                  int     senders that share what an endpoint may have in flight
-- $10 durable                 bool    false: do not wait until the leases are safe on the disk
--
-- Returns meta, then rows: the leased deliveries.
-- -> endpoint_id            text as EndpointId
-- -> event_id               text as EventId
-- -> group                  text? as EventId    the group it is in
-- -> attempt                int                 its number, from 1
-- -> attempts_used          int                 attempts of the present retry budget before this one
-- -> version                int                 the endpoint's
-- -> nonce                  int                 the random half of the event's public id
-- -> type                   text
-- -> occurred_at            float8              in microseconds since 1970
-- -> data                   text                JSON, as Postgres prints it
-- -> actor                  text?
-- -> traceparent            text?
-- -> start_in               float8?             always null
-- -> meta.fanned            int                 events fanned out
-- -> meta.fanned_to         bigint?             the highest id among them
-- -> meta.had_turn          bool                false: another sender was fanning out
-- -> meta.created           int                 deliveries made
-- -> meta.left_pending      int                 how many of them had to stay pending
-- -> meta.full_lanes         text[] as EndpointId  the others of these are for endpoints whose lanes had no capacity left,
-- -> meta.left_to_full_lanes int[]                and are so many for each of them
-- -> meta.left_coordinated  int                 of these, how many the next claim may lease at once: their lanes have capacity, but all senders decide together
-- -> meta.next_open_in      float8?             seconds until a closed lane opens that wants some of the events; null = there is none
-- -> meta.xmin              bigint              every transaction below had ended when the statement's snapshot was taken
-- -> meta.next_xid          bigint              every transaction that had an id by then has one below this
with

-- 1. Which new events. -----------------------------------------------------------------------------------------------
-- One fan-out at a time, in the order of ids: events of one key become deliveries in the order they happened, because
-- the next event of a row gets its id only after the one before has been committed. A sender without the turn does nothing.
turn as materialized (
  select pg_try_advisory_xact_lock(1869967992, 1) as mine,
         -- A crash of the server may then take leases back whose requests have left: they leave again, under the same number.
         -- A record is never ahead of its lease on the disk, because the log is written in one order.
         case when not $10 then set_config('synchronous_commit', 'off', true) end
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

-- 2. Which endpoints get them. ---------------------------------------------------------------------------------------
-- Looked up once for each pair of type and tenant, not for every event.
event as materialized (
  select e.*, dense_rank() over (order by e.type, e.tenant) as kind
  from fresh
  cross join lateral (
    select e.*
    from outbox.events e
    where e.id = fresh.event_id and e.id >= $4::bigint -- so that older partitions are not even opened
    limit 1 -- not pulled up into a join: one probe for each event, whatever size the planner expects
  ) e
),
kind as materialized (
  select k.*, outbox.patterns(k.type) as patterns
  from (select distinct kind, type, tenant from event) k
),
-- The rules of outbox.matches(), with the type's patterns at hand. Each part by an index of its own, so that a fan-out costs
-- as much as its events have receivers, however many endpoints there are.
receiver as materialized (
  select kind.kind, r.id
  from kind
  cross join lateral (
    select p.id from outbox.endpoints p
    where p.tenant = kind.tenant
      and case when p.event_types is null then not starts_with(kind.type, 'outbox.') else p.event_types && kind.patterns end
    union all
    select p.id from outbox.endpoints p
    where p.tenant is null and p.event_types is null and not starts_with(kind.type, 'outbox.')
    union all
    select p.id from outbox.endpoints p where p.tenant is null and p.event_types && kind.patterns
  ) r
),
audience as materialized (
  select receiver.kind, p.id as endpoint_id, p.version, p.ordering, p.events_after, p.created_snapshot,
         coalesce(known.capacity, least($6::int, ceil(p.max_in_flight::float8 / $9::int)::int)) as capacity,
         p.state = 'active' and p.kind = 'push' as active, greatest(l.not_before, l.probe_at) as opens_at,
         p.ordering = 'key' or p.rate_per_second is not null or l.probe_at is not null or l.slow_start_limit is not null as coordinated
  from receiver
  join outbox.endpoints p on p.id = receiver.id and p.state <> 'disabled'
  cross join lateral (select * from outbox.endpoint_health l where l.endpoint_id = p.id limit 1) l
  left join unnest($7::bigint[], $8::int[]) as known (endpoint_id, capacity) on known.endpoint_id = p.id
),
wanted as (
  select event.id as event_id, a.endpoint_id, case when a.ordering = 'key' then event.key end as ordering_key, a.capacity,
         a.coordinated, a.active and coalesce(a.opens_at <= statement_timestamp(), true) as open
  from event
  join audience a on a.kind = event.kind
  where event.id > a.events_after or not pg_visible_in_snapshot(event.xid, a.created_snapshot)
),

-- 3. Which leave at once: as many as the lane has capacity for. A coordinated lane's wait for the claim. ---------------
placed as (
  select w.event_id, w.endpoint_id, w.ordering_key, w.place, w.open, w.coordinated and w.open and w.capacity > 0 as coordinated,
         w.open and not w.coordinated and w.place <= w.capacity as fits
  from (select *, row_number() over (partition by endpoint_id order by event_id) as place from wanted) w
),
chosen as materialized (
  select event_id, endpoint_id, ordering_key, open, coordinated, place,
         fits and row_number() over (order by fits desc, place, event_id) <= $5::int as now
  from placed
),
-- Those that leave need no rows of their own: they are in groups until they are recorded.
leased as (
  insert into outbox.delivery_groups (endpoint_id, id, event_ids, lease, leased_until, created_at)
  select c.endpoint_id, min(c.event_id), array_agg(c.event_id order by c.event_id), $1::text,
         statement_timestamp() + make_interval(secs => $2::float8), statement_timestamp()
  from chosen c
  where c.now
  group by c.endpoint_id, (c.place - 1) / 200
  returning endpoint_id, id, event_ids
),
-- Materialized, so that the events of 200 are hashed: the planner expects ten of a group, and would walk all for each of all.
member as materialized (
  select endpoint_id, id as group_id, unnest(event_ids) as event_id from leased
),
left_pending as (
  insert into outbox.delivery_rows (endpoint_id, event_id, state, due_at, ordering_key, created_at)
  select c.endpoint_id, c.event_id, 'pending', statement_timestamp(), c.ordering_key, statement_timestamp()
  from chosen c
  where not c.now
  order by c.endpoint_id, c.event_id
  on conflict (endpoint_id, event_id) do nothing
),
taken as (
  select count(*) as events, max(event_id) as last from fresh
),
summary as (
  select count(*) as created, count(*) filter (where not now) as left_pending, count(*) filter (where coordinated) as left_coordinated
  from chosen
),
full_lane as (
  select coalesce(json_agg(endpoint_id::text), '[]') as ids, coalesce(json_agg(deliveries), '[]') as deliveries
  from (select endpoint_id, count(*) as deliveries from chosen where not now and open and not coordinated group by endpoint_id) l
),
closed_lane as (
  select extract(epoch from min(opens_at) - statement_timestamp())::float8 as opens_in
  from audience
  where active and opens_at > statement_timestamp()
)
select
  null::text as endpoint_id, null::text as event_id, null::text as "group", null::int as attempt, null::int as attempts_used, null::int as version,
  null::int as nonce, null::text as type, null::float8 as occurred_at, null::text as data, null::text as actor,
  null::text as traceparent, null::float8 as start_in,
  json_build_object(
    'fanned', taken.events,
    'fanned_to', taken.last::text,
    'had_turn', turn.mine,
    'created', summary.created,
    'left_pending', summary.left_pending,
    'full_lanes', full_lane.ids,
    'left_to_full_lanes', full_lane.deliveries,
    'left_coordinated', summary.left_coordinated,
    'next_open_in', closed_lane.opens_in,
    'xmin', pg_snapshot_xmin(snapshot)::text,
    -- The snapshot's xmax is one past the highest id that has *ended*; some from there on may be in flight. age() counts on
    -- to the next id, which no transaction has yet.
    'next_xid', (pg_snapshot_xmax(snapshot)::text::bigint + age(pg_snapshot_xmax(snapshot)::xid))::text
  )::text as meta
from pg_current_snapshot() as snapshot, turn, taken, summary, full_lane, closed_lane
union all
(
  select
    member.endpoint_id::text, e.id::text, member.group_id::text, 1, 0, a.version,
    e.nonce, e.type, round(date_part('epoch', e.occurred_at) * 1000000),
    e.data::text, e.actor, e.traceparent, null, null
  from member
  join event e on e.id = member.event_id
  join audience a on a.kind = e.kind and a.endpoint_id = member.endpoint_id
  order by e.id
)
