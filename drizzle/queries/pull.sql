-- A receiver that pulls asks for work: leases what is due of its endpoint, the oldest first. Nobody else leases these rows, so
-- no capacity, breaker or rate is decided on here. Of each key only the oldest open delivery is given out, if the endpoint
-- wants order.
--
-- One receiver at a time: the first holds the endpoint for a while, and longer with every pull.
--
-- $1 id             bigint as EndpointId
-- $2 nonce          int
-- $3 tenant         text?   null = any tenant's
-- $4 holder         text    who pulls
-- $5 hold_seconds   float8  how long nobody else may, from now on
-- $6 take_over      bool    although somebody else holds it
-- $7 resume         bool    the holder was started again: what it held is given out at once
-- $8 lease          text    '<holder>:<random>', the fencing token
-- $9 lease_seconds  float8
-- $10 limit         int
--
-- Returns meta, then rows: the leased deliveries.
-- -> endpoint_id          text as EndpointId
-- -> event_id             text as EventId
-- -> group                text? as EventId    always null
-- -> attempt              int                 its number, from 1
-- -> attempts_used        int                 attempts of the present retry budget before this one
-- -> version              int                 the endpoint's
-- -> nonce                int                 the random half of the event's public id
-- -> type                 text
-- -> occurred_at          float8              in microseconds since 1970
-- -> data                 text                JSON, as Postgres prints it
-- -> actor                text?
-- -> traceparent          text?
-- -> start_in             float8?             always null
-- -> key                  text?               the event's
-- -> meta.state           text?               of the endpoint; null = there is no such endpoint, or it is none to pull from
-- -> meta.mine            bool                the caller holds it
-- -> meta.holder          text?               who held it before
-- -> meta.seen_seconds    float8?             how long ago that one pulled
-- -> meta.waiting         int                 due and not leased, counted to 1000
-- -> meta.oldest_seconds  float8?             how long the oldest of all has waited
with
clock as materialized (select clock_timestamp() as now),
endpoint as materialized (
  select p.id, p.state, p.version
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.kind = 'pull' and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
),
before as materialized (
  select s.holder, extract(epoch from (select now from clock) - s.pulled_at)::float8 as seen_seconds
  from outbox.pull_sessions s
  where s.endpoint_id = $1::bigint
),
session as (
  insert into outbox.pull_sessions as s (endpoint_id, holder, held_until, pulled_at)
  select endpoint.id, $4::text, clock.now + make_interval(secs => $5::float8), clock.now
  from endpoint
  cross join clock
  where endpoint.state <> 'disabled'
  on conflict (endpoint_id) do update
  set holder = excluded.holder, held_until = excluded.held_until, pulled_at = excluded.pulled_at
  where s.holder = excluded.holder or s.held_until < excluded.pulled_at or $6::bool
  returning s.endpoint_id
),
-- What a lease was lost on may have arrived: it is given out again, as its next attempt.
lost as materialized (
  select d.ctid as row, d.due_at, d.event_id, d.attempt
  from outbox.delivery_rows d
  cross join clock
  where d.endpoint_id = (select id from endpoint where state = 'active' and exists (select from session))
    and d.state = 'sending'
    and (d.leased_until < clock.now or $7::bool and starts_with(d.lease, $4::text || ':') or $6::bool)
  order by d.event_id
  limit $10::int
  for update skip locked
),
due as materialized (
  select d.ctid as row, d.due_at, d.event_id
  from outbox.delivery_rows d
  cross join clock
  where d.endpoint_id = (select id from endpoint where state = 'active' and exists (select from session))
    and d.state = 'pending' and d.due_at <= clock.now
    and (d.ordering_key is null or not exists (
      select
      from outbox.delivery_rows older
      where older.endpoint_id = d.endpoint_id and older.ordering_key = d.ordering_key
        and older.ordering_key is not null and older.state in ('pending', 'sending') and older.event_id < d.event_id
    ))
  order by d.due_at, d.event_id
  limit $10::int
  for update skip locked
),
taken as materialized (
  select row from (
    select row, event_id, 0 as place from lost
    union all
    select row, event_id, 1 from due
  ) t
  order by place, event_id
  limit $10::int
),
interrupted as (
  insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, error)
  select $1::bigint, lost.event_id, lost.attempt, 'pull', (select now from clock), 'interrupted'
  from lost
  join taken on taken.row = lost.row
  on conflict (endpoint_id, event_id, number) do nothing
),
leased as (
  update outbox.delivery_rows d
  set state = 'sending', attempt = d.attempt + 1, lease = $8::text,
      leased_until = (select now from clock) + make_interval(secs => $9::float8)
  from taken
  where d.ctid = taken.row
  returning d.endpoint_id, d.event_id, d.attempt, d.attempt - 1 - d.retry_base as attempts_used
)
select
  null::text as endpoint_id, null::text as event_id, null::text as "group", null::int as attempt, null::int as attempts_used, null::int as version,
  null::int as nonce, null::text as type, null::float8 as occurred_at, null::text as data, null::text as actor,
  null::text as traceparent, null::float8 as start_in, null::text as key,
  json_build_object(
    'state', (select state from endpoint),
    'mine', exists (select from session),
    'holder', (select holder from before),
    'seen_seconds', (select seen_seconds from before),
    'waiting', (select count(*) from (
      select from outbox.delivery_rows d
      where d.endpoint_id = $1::bigint and d.state = 'pending' and d.due_at <= (select now from clock)
      limit 1000
    ) w) - (select count(*) from due join taken on taken.row = due.row),
    'oldest_seconds', (
      select extract(epoch from (select now from clock) - min(o.due_at))::float8
      from (
        select d.due_at from outbox.delivery_rows d
        where d.endpoint_id = $1::bigint and d.state = 'pending' and d.due_at <= (select now from clock)
        order by d.due_at limit 1
      ) o
    )
  )::text as meta
union all
(
  select
    leased.endpoint_id::text, e.id::text, null, leased.attempt, leased.attempts_used, endpoint.version,
    e.nonce, e.type, round(date_part('epoch', e.occurred_at) * 1000000),
    e.data::text, e.actor, e.traceparent, null, e.key, null
  from leased
  cross join endpoint
  join outbox.events e on e.id = leased.event_id
  order by e.id
)
