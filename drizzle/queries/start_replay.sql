-- Counts what a replay would send and, without `dry_run`, begins it. step_replay.sql does the rest.
--
-- $1 id               bigint
-- $2 nonce            int
-- $3 tenant           text?         null = any tenant's
-- $4 since            timestamptz
-- $5 until            timestamptz?  null = now
-- $6 event_types      text[]?       null = those the endpoint wants
-- $7 scope            outbox.replay_scope
-- $8 rate_per_second  float8
-- $9 dry_run          bool
-- $10 max_events      int           events to look at for the count, at most
-- $11 actor           text          for the audit
-- $12 request_id      text          for the audit
--
-- Returns one row or none: none where there is no such endpoint.
-- -> in_range  bool     the range does not reach into the future
-- -> state     outbox.endpoint_state
-- -> count     int
-- -> has_more  bool     there are more events than were looked at
-- -> id        bigint?  null = nothing was begun
-- -> nonce     int?
-- -> noticed   text?
-- -> event_ids bigint[]  with dry_run: what was counted
with
clock as materialized (
  select clock_timestamp() as now
),
endpoint as materialized (
  select p.id, p.tenant, p.event_types, p.state
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
),
range as materialized (
  select since, until,
         outbox.last_event_before(since) as from_id,
         -- Ten minutes later, of which the function takes five back: what lies above came after the range.
         outbox.last_event_before(until + interval '10 minutes') as to_id
  from (select $4::timestamptz as since, coalesce($5::timestamptz, now) as until, now from clock) asked
  where since <= until and until <= now
),
looked as materialized (
  select e.id, e.type, e.tenant
  from range
  cross join lateral (
    select e.id, e.type, e.tenant
    from outbox.events e
    where e.id > range.from_id and e.id <= range.to_id and e.occurred_at between range.since and range.until
    order by e.id
    limit $10::int + 1
  ) e
),
-- The same conditions as in step_replay.sql.
chosen as materialized (
  select count(*) as events, coalesce(array_agg(looked.id) filter (where $9::bool), '{}') as event_ids
  from (select * from looked order by id limit $10::int) looked
  cross join endpoint p
  left join outbox.deliveries d on d.endpoint_id = p.id and d.event_id = looked.id
  where (p.tenant is null or p.tenant = looked.tenant)
    and outbox.matches(p.event_types, looked.type)
    and outbox.matches($6::text[], looked.type)
    and case $7::outbox.replay_scope
          when 'dead' then d.state = 'dead'
          when 'undelivered' then d.state is null or d.state in ('dead', 'canceled')
          when 'all' then d.state is null or d.state in ('dead', 'canceled', 'delivered')
        end
),
begun as (
  insert into outbox.replays (endpoint_id, since, until, event_types, scope, rate_per_second, looked_to)
  select endpoint.id, range.since, range.until, $6::text[], $7::outbox.replay_scope, $8::float8, range.from_id
  from endpoint
  cross join range
  where not $9::bool and endpoint.state <> 'disabled'
  on conflict (endpoint_id) where state = 'running' and token_hash is null do nothing
  returning id, nonce, endpoint_id
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, replay_id, changes)
  select $11::text, $12::text, 'replay.started', begun.endpoint_id, begun.id,
         jsonb_build_object('since', range.since, 'until', range.until, 'only', $7::text)
  from begun
  cross join range
)
select
  exists (select from range) as in_range,
  endpoint.state,
  (select events::int from chosen) as count,
  (select count(*) > $10::int from looked) as has_more,
  begun.id, begun.nonce,
  case when begun.id is not null then outbox.wake()::text end as noticed,
  (select event_ids from chosen) as event_ids
from endpoint
left join begun on true
