-- The numbers of an endpoint's deliveries, in their order.
--
-- $1 id             bigint
-- $2 nonce          int
-- $3 tenant         text?   null = any tenant's
-- $4 after          bigint  those above
-- $5 limit          int
-- $6 max_counted    int     of what waits
--
-- Returns meta, then rows.
-- -> number            bigint
-- -> event_id          bigint
-- -> event_nonce       int?                    null = the event has been let go
-- -> type              text?
-- -> key               text?
-- -> state             outbox.delivery_state?
-- -> meta.is_numbered  bool?                   null = there is no such endpoint
-- -> meta.first        bigint?                 the lowest that is still known
-- -> meta.last         bigint                  the highest that was given
-- -> meta.waiting      int                     deliveries that have no number yet, because they were never sent, also those that are yet to be made
with
endpoint as materialized (
  select p.id, p.sequence, p.state, p.tenant, p.event_types, p.events_after, p.created_snapshot
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null and ($3::text is null or p.tenant = $3::text)
),
-- Numbers are given a moment after the lease, and a sender may be killed in that moment.
open as (
  select d.event_id from endpoint join outbox.delivery_rows d on d.endpoint_id = endpoint.id and d.state = 'pending'
  union all
  select d.event_id from endpoint join outbox.delivery_rows d on d.endpoint_id = endpoint.id and d.state = 'sending'
  union all
  select unnest(g.event_ids) from endpoint join outbox.delivery_groups g on g.endpoint_id = endpoint.id
),
unnumbered as materialized (
  select
  from open
  where not exists (select from outbox.delivery_numbers n
                    where n.event_id = open.event_id and n.endpoint_id = (select id from endpoint))
  limit $6::int
),
-- By the rules of fan_out.sql. Those behind so many are not looked at: then all of these count.
unfanned as materialized (
  select endpoint.state <> 'disabled'
         and (endpoint.tenant is null or e.tenant = endpoint.tenant)
         and outbox.matches(endpoint.event_types, e.type)
         and (e.id > endpoint.events_after or not pg_visible_in_snapshot(e.xid, endpoint.created_snapshot)) as is_wanted
  from endpoint
  cross join (select f.event_id from outbox.fanout f order by f.event_id limit $6::int) f
  cross join lateral (select * from outbox.events e where e.id = f.event_id limit 1) e
)
select
  null::bigint as number, null::bigint as event_id, null::int as event_nonce, null::text as type, null::text as key,
  null::outbox.delivery_state as state,
  json_build_object(
    'is_numbered', (select sequence from endpoint),
    'first', (select min(n.number) from outbox.delivery_numbers n where n.endpoint_id = (select id from endpoint))::text,
    'last', coalesce((select s.last_number from outbox.sequences s where s.endpoint_id = (select id from endpoint)), 0)::text,
    'waiting', least($6::int, (select count(*) from unnumbered)
      + (select count(*) filter (where is_wanted or seen = $6::int) from (select is_wanted, count(*) over () as seen from unfanned) u))
  )::text as meta
union all
(
  select n.number, n.event_id, e.nonce, e.type, e.key, d.state, null
  from endpoint
  cross join lateral (
    select n.number, n.event_id
    from outbox.delivery_numbers n
    where n.endpoint_id = endpoint.id and n.number > $4::bigint
    order by n.number
    limit $5::int
  ) n
  left join outbox.events e on e.id = n.event_id
  left join lateral (
    select d.state from outbox.deliveries d where d.endpoint_id = endpoint.id and d.event_id = n.event_id limit 1
  ) d on true
  order by n.number
)
