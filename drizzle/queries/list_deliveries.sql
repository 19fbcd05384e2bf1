-- A page of deliveries, those of the newest events first, at a bounded cost however many there are: it walks back through the
-- ids of events, a range at a time, and stops when the page is full or so many rows were looked at. No index knows the
-- deliveries of all endpoints in the order of events, because it would cost every delivery; each range is looked up for each
-- endpoint.
--
-- $1 before_event    bigint?  the position of the last row of the page before; null = from the newest on
-- $2 before_endpoint bigint?
-- $3 page            int      rows wanted
-- $4 max_looked      int      rows and endpoints to look at, roughly
-- $5 source          text     where to look: `any`, `rows` (delivery_rows), by state `dead`, `pending` or `sending`, `failed` (they have one of the reasons), `events` (first for events that match), `endpoint` (the newest of one endpoint)
-- $6 endpoint_id     bigint?
-- $7 endpoint_nonce  int?
-- $8 event_id        bigint?
-- $9 event_nonce     int?
-- $10 state          outbox.delivery_state?
-- $11 reasons        text[]?
-- $12 min_status     int?     what the last attempt was answered
-- $13 max_status     int?
-- $14 type           text?
-- $15 tenant         text?    the event's
-- $16 key            text?
-- $17 since          timestamptz?  when the event happened
-- $18 until          timestamptz?
-- $19 reader_tenant  text?    both the event and the endpoint must be this tenant's; null = any
-- $20 hidden         text[]   reasons of which this reader may not know the status
-- $21 row_cost       int      probes that the filter costs for each row
--
-- Returns meta, then rows.
-- -> event_id       bigint
-- -> event_nonce    int
-- -> endpoint_id    bigint
-- -> endpoint_nonce int
-- -> state          outbox.delivery_state
-- -> attempt        int
-- -> due_at         text
-- -> reason         text?
-- -> created_at     text
-- -> finished_at    text?
-- -> type           text    the event's
-- -> key            text?   the event's
-- -> url            text
-- -> last_status    int?    what the last attempt was answered
-- -> meta.is_full      bool    there are more on the next page
-- -> meta.is_complete  bool    the walk has come to its end
-- -> meta.looked_to    bigint  the deliveries of all events above it were looked at
-- -> meta.looked_to_at text?   when the first of these happened
with recursive
bounds as materialized (
  select
    greatest(case when $8::bigint is null then coalesce(oldest.id, 1) - 1 else $8::bigint - 1 end,
             case when $17::timestamptz is null then 0 else outbox.last_event_before($17::timestamptz) end) as bottom,
    least(coalesce(newest.id, 0), case when $2::bigint > 0 then $1::bigint else $1::bigint - 1 end, $8::bigint,
          outbox.last_event_until($18::timestamptz)) as top
  from outbox.first_event(1) oldest, outbox.last_event(9223372036854775807) newest
),
endpoint as materialized (
  select p.id, p.nonce, p.url, p.tenant, p.tenant is null or p.changed_tenant as is_of_any
  from outbox.endpoints p
  where ($6::bigint is null or p.id = $6::bigint and p.nonce = $7::int)
    and ($19::text is null or p.tenant = $19::text)
    -- Others have no deliveries of this tenant's events.
    and ($15::text is null or p.tenant = $15::text or p.tenant is null or p.changed_tenant)
),
size as materialized (
  select count(*)::int as endpoints from endpoint
),
-- The first step of a walk through something rare tries all of it at once. A step that meets too many rows is made again,
-- with a shorter range.
walk (step, top, length, looked, event_ids, endpoint_ids) as (
  select 0, bounds.top, case $5::text when 'any' then 256 / $21::int when 'endpoint' then $3::int + 1 when 'events' then least(16, $4::int / 2 / greatest(1, (select endpoints from size)) + 1) else bounds.top end, 0,
         '{}'::bigint[], '{}'::bigint[]
  from bounds
  union all
  select w.step + 1,
         case when seen.too_many then w.top else range.bottom end,
         case
           when seen.too_many then greatest(1, (case $5::text when 'events' then w.length else w.top - range.bottom end) / 64)
           when $5::text = 'events' then least(w.length * 4, ($4::int - w.looked) / greatest(1, 2 * size.endpoints))
           when $5::text = 'endpoint' then least(w.length * 4, $4::int / 8 / $21::int)
           else (w.top - range.bottom) * least(64, $4::int / 8 / $21::int / greatest(1, seen.rows) + 1)
         end,
         w.looked + seen.rows * $21::int + size.endpoints * case $5::text when 'events' then 2 * cardinality(range.event_ids) else 1 end,
         case when seen.too_many then w.event_ids else w.event_ids || seen.event_ids end,
         case when seen.too_many then w.endpoint_ids else w.endpoint_ids || seen.endpoint_ids end
  -- Ids jump from one partition to the next, and none but those of events have deliveries: a step begins at the last of them.
  from (
    select w.step, w.length, w.looked, w.event_ids, w.endpoint_ids, w.top as asked_top,
           coalesce((select e.id from outbox.last_event(w.top) e), 0) as top
    from walk w
  ) w
  cross join bounds
  cross join size
  cross join lateral (
    select greatest(bounds.bottom, w.top - w.length) as bottom, null::bigint[] as event_ids, null::text[] as tenants, w.length = 1 as is_shortest
    where $5::text not in ('events', 'endpoint')
    union all
    -- Down to its nth row: it may have had none for days.
    select case when count(*) < w.length then bounds.bottom else min(d.event_id) - 1 end, null, null, true
    from (
      select d.event_id
      from endpoint p
      cross join lateral (
        (select r.event_id from outbox.delivery_rows r
         where r.endpoint_id = p.id and r.event_id > bounds.bottom and r.event_id <= w.top order by r.event_id desc limit w.length)
        union all
        (select o.event_id from outbox.delivered_at_once o
         where o.endpoint_id = p.id and o.event_id > bounds.bottom and o.event_id <= w.top order by o.event_id desc limit w.length)
      ) d
      where $5::text = 'endpoint'
      order by d.event_id desc
      limit w.length
    ) d
    having $5::text = 'endpoint'
    union all
    select case when count(*) < greatest(1, w.length) then bounds.bottom else min(e.id) - 1 end, coalesce(array_agg(e.id), '{}'),
           array_agg(distinct e.tenant), w.length <= 1
    from (
      select e.id, e.tenant
      from outbox.events e
      where e.id <= w.top and e.id > bounds.bottom
        and ($14::text is null or e.type = $14::text)
        and ($15::text is null or e.tenant = $15::text)
        and ($16::text is null or e.key = $16::text)
        and ($19::text is null or e.tenant = $19::text)
      order by e.id desc
      limit greatest(1, w.length)
    ) e
    where $5::text = 'events'
    having $5::text = 'events'
  ) range
  cross join lateral (
    select coalesce(max(rows), 0)::int as rows, coalesce(bool_or(too_many), false) as too_many,
           coalesce((array_agg(event_id order by event_id desc, endpoint_id desc) filter (where matches))[:$3::int + 1], '{}') as event_ids,
           coalesce((array_agg(endpoint_id order by event_id desc, endpoint_id desc) filter (where matches))[:$3::int + 1], '{}') as endpoint_ids
    from (
      select d.event_id, d.endpoint_id, d.rows, d.too_many,
             not d.too_many
             and ($1::bigint is null or d.event_id < $1::bigint or d.endpoint_id < $2::bigint)
             and ($10::outbox.delivery_state is null or d.state = $10::outbox.delivery_state)
             and ($11::text[] is null or d.reason = any ($11::text[]))
             and ($12::int is null or (d.reason is null or d.reason <> all ($20::text[])) and case
                    when d.at_once then d.response_status
                    -- The first attempt is not among the rows if it was the one of `delivered_at_once`.
                    else (select a.response_status from outbox.attempt_rows a
                          where a.endpoint_id = d.endpoint_id and a.event_id = d.event_id order by a.number desc limit 1)
                  end between $12::int and $13::int)
             and ($14::text is null and $15::text is null and $16::text is null and $17::timestamptz is null
                  and $18::timestamptz is null and $19::text is null and $9::int is null
                  or exists (
                    select
                    from outbox.events e
                    where e.id = d.event_id
                      and ($9::int is null or e.nonce = $9::int)
                      and ($14::text is null or e.type = $14::text)
                      and ($15::text is null or e.tenant = $15::text)
                      and ($16::text is null or e.key = $16::text)
                      and ($17::timestamptz is null or e.occurred_at >= $17::timestamptz)
                      and ($18::timestamptz is null or e.occurred_at < $18::timestamptz)
                      and ($19::text is null or e.tenant = $19::text)
                  ))
             -- `offset 0`: looked up for each, never by reading the whole table first.
             and not (d.at_once and exists (select from outbox.delivery_rows r
                                            where r.endpoint_id = d.endpoint_id and r.event_id = d.event_id offset 0)) as matches
      from (
        select d.*, count(*) over () as rows, count(*) over () > $4::int / 4 / $21::int and not range.is_shortest as too_many
        from (
          select d.*
          from endpoint p
          cross join lateral (
            select d.event_id, d.endpoint_id, d.state, d.reason, false as at_once, null::int as response_status
            from outbox.delivery_rows d
            where ($5::text in ('any', 'endpoint', 'rows') or $5::text = 'pending' and w.step > 0)
              and d.endpoint_id = p.id and d.event_id > range.bottom and d.event_id <= w.top
            union all
            select d.event_id, d.endpoint_id, 'delivered', null, true, d.response_status
            from outbox.delivered_at_once d
            where $5::text in ('any', 'endpoint') and d.endpoint_id = p.id and d.event_id > range.bottom and d.event_id <= w.top
            union all
            select d.event_id, d.endpoint_id, d.state, d.reason, false, null
            from outbox.delivery_rows d
            where $5::text = 'events' and (p.is_of_any or p.tenant = any (range.tenants)) and d.endpoint_id = p.id
              and d.event_id = any (range.event_ids) and d.event_id > range.bottom and d.event_id <= w.top
            union all
            select d.event_id, d.endpoint_id, 'delivered', null, true, d.response_status
            from outbox.delivered_at_once d
            where $5::text = 'events' and (p.is_of_any or p.tenant = any (range.tenants)) and d.endpoint_id = p.id
              and d.event_id = any (range.event_ids) and d.event_id > range.bottom and d.event_id <= w.top
            union all
            select d.event_id, d.endpoint_id, d.state, d.reason, false, null
            from outbox.delivery_rows d
            where $5::text = 'dead' and d.endpoint_id = p.id and d.event_id > range.bottom and d.event_id <= w.top
              and d.state = 'dead'
            union all
            select d.event_id, d.endpoint_id, d.state, d.reason, false, null
            from outbox.delivery_rows d
            where $5::text = 'failed' and d.endpoint_id = p.id and d.event_id > range.bottom and d.event_id <= w.top
              and d.reason = any ($11::text[])
            union all
            -- `+ 0`: by the index of what is pending, which does not know events.
            select d.event_id, d.endpoint_id, d.state, d.reason, false, null
            from outbox.delivery_rows d
            where $5::text = 'pending' and w.step = 0 and d.endpoint_id = p.id and d.event_id + 0 > range.bottom
              and d.event_id + 0 <= w.top and d.state = 'pending'
            union all
            select m.id, g.endpoint_id, 'sending', null, false, null
            from outbox.delivery_groups g
            cross join lateral unnest(g.event_ids) as m (id)
            where $5::text in ('any', 'endpoint', 'events') and g.endpoint_id = p.id and m.id > range.bottom and m.id <= w.top
              and ($5::text <> 'events' or m.id = any (range.event_ids))
            offset 0
          ) d
          union all
          -- As many as requests on their way.
          select d.*, false, null
          from endpoint p
          join (
            select event_id, endpoint_id, state, reason from outbox.delivery_rows where state = 'sending'
            union all
            select m.id, g.endpoint_id, 'sending', null from outbox.delivery_groups g cross join lateral unnest(g.event_ids) as m (id)
          ) d on d.endpoint_id = p.id and d.event_id > range.bottom and d.event_id <= w.top
          where $5::text = 'sending'
          limit case when not range.is_shortest then $4::int / 4 / $21::int + 1 end
        ) d
      ) d
      offset 0
    ) d
  ) seen
  where w.top > bounds.bottom and cardinality(w.event_ids) <= $3::int and (w.looked < $4::int or w.asked_top = bounds.top)
),
walked as materialized (
  select * from walk order by step desc limit 1
),
found as materialized (
  select f.event_id, f.endpoint_id, f.place
  from walked
  cross join lateral unnest(walked.event_ids, walked.endpoint_ids) with ordinality as f (event_id, endpoint_id, place)
  where f.place <= $3::int
)
select
  null::bigint as event_id, null::int as event_nonce, null::bigint as endpoint_id, null::int as endpoint_nonce,
  null::outbox.delivery_state as state, null::int as attempt, null::text as due_at, null::text as reason,
  null::text as created_at, null::text as finished_at, null::text as type, null::text as key, null::text as url,
  null::int as last_status,
  json_build_object(
    'is_full', cardinality(walked.event_ids) > $3::int,
    'is_complete', coalesce((select e.id from outbox.last_event(walked.top) e), 0) <= bounds.bottom,
    'looked_to', walked.top::text,
    'looked_to_at', (select e.occurred_at::text from outbox.first_event(walked.top + 1) e)
  )::text as meta
from walked
cross join bounds
union all
(
  select d.event_id, e.nonce, d.endpoint_id, p.nonce, d.state, d.attempt, d.due_at::text, d.reason,
         d.created_at::text, d.finished_at::text, e.type, e.key, p.url,
         (select a.response_status from outbox.attempts a
          where a.endpoint_id = d.endpoint_id and a.event_id = d.event_id order by a.number desc limit 1), null
  from found
  join endpoint p on p.id = found.endpoint_id
  join outbox.events e on e.id = found.event_id
  cross join lateral (
    select d.* from outbox.deliveries d where d.endpoint_id = found.endpoint_id and d.event_id = found.event_id limit 1
  ) d
  order by found.place
)
