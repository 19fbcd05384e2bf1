-- Stop 5. Fans new events out into deliveries and leases what is due: one statement, many rows.
--
-- $1 lease          text      who claims: '<sender>:<number of the claim>', the fencing token
-- $2 lease_seconds  float8    how long the lease holds
-- $3 fanout_limit   int       events to fan out at most; 0 leaves them
-- $4 fanout_from    bigint    no event waiting for its fan-out has a lower id (worker/fanout-bound.ts); 0 looks at all
-- $5 lease_limit    int       deliveries to lease at most
-- $6 default_room   int       how many one endpoint may get, where $7 does not say
-- $7 endpoint_ids   bigint[]  endpoints the claimer has in flight,
-- $8 rooms          int[]     and how many more each may get (0 = none)
-- $9 ring_from      bigint    the walk over the endpoints begins behind this one; 0 at the first
-- $10 ring_steps    int       endpoints to look at, at most
--
-- The first row carries only `meta`: what the statement saw besides. The others are the leased deliveries.
with recursive
clock as materialized (
  select clock_timestamp() as now
),
-- One fan-out at a time, in the order of ids: events of one key become deliveries in the order they happened, because
-- the next event of a row gets its id only after the one before has been committed. Who does not get the turn only leases.
turn as materialized (
  select $3::int > 0 and pg_try_advisory_xact_lock(1869967992, 1) as mine
),
waiting as materialized (
  select f.event_id
  from outbox.fanout f
  where f.event_id >= $4::bigint and (select mine from turn)
  order by f.event_id
  limit $3::int
),
fresh as (
  delete from outbox.fanout f
  using waiting w
  where f.event_id = w.event_id
  returning f.event_id
),
busy as materialized (
  select * from unnest($7::bigint[], $8::int[]) as b (endpoint_id, room)
),
-- A loose index scan: one probe for each endpoint that has anything pending, however much that is.
ring as (
  (
    select d.endpoint_id, 1 as step
    from outbox.deliveries d
    where d.state = 'pending' and d.endpoint_id > $9::bigint
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
  where ring.step < $10::int
),
lane as materialized (
  select ring.endpoint_id, p.ordering, coalesce(b.room, least($6::int, p.max_in_flight)) as room, first.due_at
  from ring
  join outbox.endpoints p on p.id = ring.endpoint_id and p.state = 'active'
  join outbox.lanes l on l.endpoint_id = p.id and (l.not_before is null or l.not_before <= (select now from clock))
  left join busy b on b.endpoint_id = p.id
  cross join lateral (
    select d.due_at
    from outbox.deliveries d
    where d.endpoint_id = p.id and d.state = 'pending'
    order by d.due_at
    limit 1
  ) first
  order by ring.step
),
due as materialized (
  select d.row, d.endpoint_id
  from lane
  cross join lateral (
    select d.ctid as row, d.endpoint_id
    from outbox.deliveries d
    where d.endpoint_id = lane.endpoint_id and d.state = 'pending' and d.due_at <= (select now from clock)
    order by d.due_at, d.event_id
    limit lane.room
    for update skip locked
  ) d
  where lane.ordering = 'none' and lane.room > 0 and lane.due_at <= (select now from clock)
  limit $5::int
),
-- Joined by the rows' addresses, which stand still while we hold the locks: the shortest way for every planner's mood.
leased as (
  update outbox.deliveries d
  set state = 'sending',
      attempt = d.attempt + 1,
      lease = $1::text,
      leased_until = (select now from clock) + make_interval(secs => $2::float8)
  from due
  where d.ctid = due.row
  returning d.endpoint_id, d.event_id, d.attempt, d.attempt - 1 - d.budget_from as spent
),
-- Who gets the new events, and which of these deliveries may leave at once: as many as the endpoint still has room for.
wanted as materialized (
  select e.id as event_id, p.id as endpoint_id, p.ordering = 'key' and e.key is not null as ordered,
         case when p.ordering = 'key' then e.key end as ordering_key,
         p.state = 'active' and (l.not_before is null or l.not_before <= (select now from clock)) as open,
         coalesce(b.room, least($6::int, p.max_in_flight)) as room
  from fresh
  join outbox.events e on e.id = fresh.event_id
  join outbox.endpoints p
    on p.state <> 'disabled'
   and (p.tenant is null or p.tenant = e.tenant)
   and outbox.matches(p.event_types, e.type)
   and (e.id > p.born_after or not pg_visible_in_snapshot(e.xid, p.born_snapshot))
  join outbox.lanes l on l.endpoint_id = p.id
  left join busy b on b.endpoint_id = p.id
),
used as materialized (
  select endpoint_id, count(*) as rows from due group by endpoint_id
),
placed as (
  select w.event_id, w.endpoint_id, w.ordering_key,
         w.open and not w.ordered
         and row_number() over (partition by w.endpoint_id order by w.event_id) <= w.room - coalesce(u.rows, 0) as fits,
         row_number() over (partition by w.endpoint_id order by w.event_id) as place
  from wanted w
  left join used u on u.endpoint_id = w.endpoint_id
),
chosen as (
  select event_id, endpoint_id, ordering_key,
         fits and row_number() over (order by fits desc, place, event_id)
                  <= $5::int - (select count(*) from due) as now
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
  select endpoint_id, event_id, attempt, spent from leased
  union all
  select endpoint_id, event_id, 1, 0 from born where state = 'sending'
)
select
  null::text as endpoint_id, null::text as event_id, null::int as attempt, null::int as spent, null::int as version,
  null::text as webhook_id, null::text as type, null::text as timestamp, null::text as data, null::text as traceparent,
  json_build_object(
    'fanned', (select count(*) from fresh),
    'fanned_to', (select max(event_id)::text from waiting),
    'had_turn', (select mine from turn),
    'born', (select count(*) from born),
    'born_waiting', (select count(*) from born where state = 'pending'),
    'ring_to', (select case when count(*) >= $10::int then max(endpoint_id)::text end from ring),
    'next_due_in', (select extract(epoch from min(due_at) - (select now from clock))::float8 from lane
                    where due_at > (select now from clock)),
    'xmin', pg_snapshot_xmin(pg_current_snapshot())::text,
    'xmax', pg_snapshot_xmax(pg_current_snapshot())::text
  )::text as meta
union all
(
  select
    c.endpoint_id::text, c.event_id::text, c.attempt, c.spent, p.version,
    outbox.event_id(e.id, e.nonce), e.type,
    to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.data::text, e.traceparent, null
  from claimed c
  join outbox.events e on e.id = c.event_id
  join outbox.endpoints p on p.id = c.endpoint_id
  order by c.event_id
)
