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
-- -> meta.waiting      int                     deliveries that have no number yet, because they were never sent
with
endpoint as materialized (
  select p.id, p.sequence
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null and ($3::text is null or p.tenant = $3::text)
)
select
  null::bigint as number, null::bigint as event_id, null::int as event_nonce, null::text as type, null::text as key,
  null::outbox.delivery_state as state,
  json_build_object(
    'is_numbered', (select sequence from endpoint),
    'first', (select min(n.number) from outbox.delivery_numbers n where n.endpoint_id = (select id from endpoint))::text,
    'last', coalesce((select s.last_number from outbox.sequences s where s.endpoint_id = (select id from endpoint)), 0)::text,
    'waiting', (
      select count(*)
      from (
        select
        from outbox.delivery_rows d
        where d.endpoint_id = (select id from endpoint) and d.state = 'pending'
          and not exists (select from outbox.delivery_numbers n
                          where n.event_id = d.event_id and n.endpoint_id = d.endpoint_id)
        limit $6::int
      ) w
    )
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
