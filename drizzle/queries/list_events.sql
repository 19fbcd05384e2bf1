-- A page of events with their deliveries in short, newest first, at a bounded cost however many there are: of those that the
-- best index for the filter finds, so many are looked at, and of their data so many bytes.
--
-- $1 before        bigint?  the id of the last event of the page before; null = from the newest on
-- $2 page          int      events wanted
-- $3 max_looked    int      events to look at
-- $4 max_bytes     int      of their data, as stored, if data is asked for
-- $5 type          text?
-- $6 tenant        text?
-- $7 key           text?
-- $8 actor         text?
-- $9 since         timestamptz?
-- $10 until        timestamptz?
-- $11 data_path    text[]?  keys and indexes that lead to the value
-- $12 data_value   text?
-- $13 reader_tenant text?   null = any
--
-- Returns meta, then rows.
-- -> id         bigint
-- -> nonce      int
-- -> type       text
-- -> key        text?
-- -> tenant     text?
-- -> happened_at text  as the webhook has it
-- -> data       text
-- -> deliveries text   JSON; ids as text, because a double may not hold them
-- -> meta.is_full      bool     there are more on the next page
-- -> meta.is_complete  bool     no others are left
-- -> meta.looked_to    bigint?  events from this id on were looked at
-- -> meta.looked_to_at text?    when that one happened
with
bounds as materialized (
  select case when $9::timestamptz is null then 0 else outbox.last_event_before($9::timestamptz) end as bottom,
         coalesce(outbox.last_event_until($10::timestamptz), 9223372036854775807) as top,
         -- What an index answers alone needs no looking around.
         case when $8::text is null and $11::text[] is null and num_nulls($5::text, coalesce($6::text, $13::text), $7::text) >= 2
              then $2::int + 1 + case when $9::timestamptz is null then 0 else 100 end
              else $3::int end as max_looked
),
looked as materialized (
  select e.*, case when $11::text[] is null then 0 else sum(pg_column_size(e.data)) over (order by e.id desc) end as bytes
  from (
    select e.*
    from bounds
    cross join lateral (
      select e.*
      from outbox.events e
      where e.id > bounds.bottom and e.id <= bounds.top and ($1::bigint is null or e.id < $1::bigint)
        and ($7::text is null or e.key = $7::text)
        and ($13::text is null or $7::text is not null or e.tenant = $13::text)
        and ($6::text is null or $7::text is not null or $13::text is not null or e.tenant = $6::text)
        and ($5::text is null or coalesce($7::text, $13::text, $6::text) is not null or e.type = $5::text)
      order by e.id desc
      limit bounds.max_looked
    ) e
  ) e
),
seen as materialized (
  select * from looked where bytes <= $4::int or id = (select max(id) from looked)
),
found as materialized (
  select e.*, row_number() over (order by e.id desc) as place
  from (
    select *
    from seen e
    where ($5::text is null or e.type = $5::text)
      and ($6::text is null or e.tenant = $6::text)
      and ($7::text is null or e.key = $7::text)
      and ($8::text is null or e.actor = $8::text)
      and ($9::timestamptz is null or e.occurred_at >= $9::timestamptz)
      and ($10::timestamptz is null or e.occurred_at < $10::timestamptz)
      and ($13::text is null or e.tenant = $13::text)
      and ($11::text[] is null or outbox.data_at(e.data, $11::text[]) = $12::text)
    order by e.id desc
    limit $2::int + 1
  ) e
),
-- Whose deliveries an event can have: those of endpoints of its own tenant, and of those that can have any.
most as materialized (
  select coalesce((select count(*) from outbox.endpoints p where p.tenant is null or p.changed_tenant), 0)
       + coalesce((select count(*) from outbox.endpoints p where p.tenant in (select tenant from found) group by p.tenant
                   order by 1 desc limit 1), 0) as endpoints
),
-- Deliveries of events that lie far apart are as many places of the indexes: for each endpoint one, and a page has less of them.
room as materialized (
  select case when max(id) - min(id) < 10000 then $2::int
              else least($2::int, greatest(5, 4000 / greatest(1, (select endpoints from most)))) end as events
  from found
),
page as materialized (
  select found.* from found cross join room where place <= room.events
),
-- By endpoint, because deliveries are found by endpoint first: those of the events' own tenants, and those that can have any.
receiver as materialized (
  select p.id, p.nonce, own.ids, own.first, own.last
  from (select tenant, array_agg(id) as ids, min(id) as first, max(id) as last from page where tenant is not null group by tenant) own
  join outbox.endpoints p on p.tenant = own.tenant and not p.changed_tenant
  union all
  select p.id, p.nonce, every.ids, every.first, every.last
  from outbox.endpoints p
  cross join (select array_agg(id) as ids, min(id) as first, max(id) as last from page) every
  where (p.tenant is null or p.changed_tenant) and ($13::text is null or p.tenant = $13::text)
),
delivery as materialized (
  select d.event_id, p.id, p.nonce, d.state
  from receiver p
  cross join lateral (
    select d.event_id, d.state from outbox.deliveries d
    where d.endpoint_id = p.id and d.event_id = any (p.ids) and d.event_id between p.first and p.last -- so that other partitions are not opened
    offset 0
  ) d
)
select
  null::bigint as id, null::int as nonce, null::text as type, null::text as key, null::text as tenant,
  null::text as happened_at, null::text as data, null::text as deliveries,
  json_build_object(
    'is_full', exists (select from found cross join room where place > room.events),
    'is_complete', (select count(*) from seen) = (select count(*) from looked)
                   and (select count(*) from looked) < (select max_looked from bounds),
    'looked_to', (select min(id)::text from seen),
    'looked_to_at', (select occurred_at::text from seen order by id limit 1)
  )::text as meta
union all
(
  select
    e.id, e.nonce, e.type, e.key, e.tenant, to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    e.data::text,
    coalesce((select json_agg(json_build_object('id', d.id::text, 'nonce', d.nonce, 'state', d.state) order by d.id)
              from delivery d where d.event_id = e.id), '[]')::text,
    null
  from page e
  order by e.id desc
)
