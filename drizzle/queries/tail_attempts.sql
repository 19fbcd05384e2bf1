-- Attempts as they are recorded, each once and none left out, whatever order transactions commit in. As with tail_events.sql
-- it goes by transactions, up to the oldest that is open. An attempt has no column for its transaction, which would cost every
-- one of them: Postgres keeps that number with each row anyway. It is in no index, so they are found by when they began. Who
-- records an attempt has held a lease since before it began, so what is leased now says how far back to look.
--
-- An outcome that comes after its lease was lost takes the place of `interrupted`, and is told as well.
--
-- $1 from_xid        bigint?   transactions from here on …
-- $2 after_event     bigint?   … and of the first of them what is behind this attempt
-- $3 after_endpoint  bigint?
-- $4 after_number    bigint?
-- $5 low             bigint?   what they record began no earlier, in microseconds since 1970
-- $6 later_xid       bigint?   what those from here on record …
-- $7 later_low       bigint?   … began no earlier than this
-- $8 max_looked      int
-- $9 lease_seconds   float8    no lease is longer
-- $10 endpoint_id    bigint?
-- $11 endpoint_nonce int?
-- $12 type           text?
-- $13 tenant         text?
-- $14 reader_tenant  text?     null = any
--
-- All of $1 to $7 are null at the beginning: only what is committed from now on.
--
-- Returns meta, then rows.
-- -> xid                  bigint
-- -> event_id             bigint
-- -> event_nonce          int
-- -> endpoint_id          bigint
-- -> endpoint_nonce       int
-- -> number               int
-- -> type                 text
-- -> key                  text?
-- -> tenant               text?
-- -> sender               outbox.sender
-- -> started_at           text
-- -> duration_ms          int?
-- -> response_status      int?
-- -> error                text?
-- -> state                outbox.delivery_state?  of the delivery, as it is now
-- -> due_at               text?                   when its next attempt is due
-- -> meta.from_xid        bigint
-- -> meta.after_event     bigint
-- -> meta.after_endpoint  bigint
-- -> meta.after_number    bigint
-- -> meta.low             bigint
-- -> meta.later_xid       bigint
-- -> meta.later_low       bigint
-- -> meta.may_have_more   bool
with
now as materialized (
  select pg_snapshot_xmin(snapshot)::text::bigint as xmin,
         -- No transaction has this number yet. age() counts back from it.
         pg_snapshot_xmax(snapshot)::text::bigint + age(pg_snapshot_xmax(snapshot)::xid) as next_xid,
         clock_timestamp() as clock
  from pg_current_snapshot() as snapshot
),
-- The ten seconds are for clocks: senders time with their own. Of a pull endpoint a lease may be days old, but what its receiver
-- records began no earlier than one lease ago (functions/pull/operations.ts).
leased as materialized (
  select least(
    (select clock from now),
    (select min(case p.kind when 'pull' then now.clock else d.leased_until end)
     from outbox.delivery_rows d
     join outbox.endpoints p on p.id = d.endpoint_id
     cross join now
     where d.state = 'sending') - make_interval(secs => $9::float8),
    (select min(created_at) from outbox.delivery_groups)
  ) - interval '10 seconds' as low
),
next as materialized (
  select
    coalesce($1::bigint, xmin) as from_xid,
    greatest(xmin, coalesce($1::bigint, 0)) as end_xid,
    case
      when $1::bigint is null
      then least(leased.low, clock - make_interval(secs => outbox.oldest_writer_seconds() + $9::float8 + 10))
      when $1::bigint >= $6::bigint then to_timestamp($7::bigint / 1e6)
      else to_timestamp($5::bigint / 1e6)
    end as low,
    case when $1::bigint < $6::bigint then $6::bigint else next_xid end as later_xid,
    case when $1::bigint < $6::bigint then $7::bigint else (extract(epoch from leased.low) * 1e6)::bigint end as later_low
  from now
  cross join leased
),
recorded as materialized (
  select (select next_xid from now) - age(a.xmin) as xid, a.event_id, a.endpoint_id, a.number, a.sender, a.started_at,
         a.duration_ms, a.response_status, a.error
  from outbox.attempt_rows a
  where a.started_at >= (select low from next)
  union all
  -- How long a sender may have been frozen, with what it had seen.
  select (select next_xid from now) - age(a.xmin), a.event_id, a.endpoint_id, a.number, a.sender, a.started_at, a.duration_ms,
         a.response_status, a.error
  from outbox.attempt_rows a
  where a.interrupted_at >= (select low from next) - interval '1 day' and a.started_at < (select low from next)
  union all
  select (select next_xid from now) - age(o.xmin), o.event_id, o.endpoint_id, 1, o.sender, o.started_at, o.duration_ms,
         o.response_status, null
  from outbox.delivered_at_once o
  where o.started_at >= (select low from next)
),
looked as materialized (
  select r.*
  from recorded r
  cross join next
  where r.xid >= next.from_xid and r.xid < next.end_xid
    and (r.xid > next.from_xid or $2::bigint is null
         or (r.event_id, r.endpoint_id, r.number) > ($2::bigint, $3::bigint, $4::bigint))
  order by r.xid, r.event_id, r.endpoint_id, r.number
  limit $8::int
),
last as materialized (
  select xid, event_id, endpoint_id, number from looked order by 1 desc, 2 desc, 3 desc, 4 desc limit 1
),
looked_to as materialized (
  select (select count(*) from looked) >= $8::int as is_full
)
select
  null::bigint as xid, null::bigint as event_id, null::int as event_nonce, null::bigint as endpoint_id,
  null::int as endpoint_nonce, null::int as number, null::text as type, null::text as key, null::text as tenant,
  null::outbox.sender as sender, null::text as started_at, null::int as duration_ms, null::int as response_status,
  null::text as error, null::outbox.delivery_state as state, null::text as due_at,
  json_build_object(
    'from_xid', (case when is_full then (select xid from last) else end_xid end)::text,
    'after_event', (case when is_full then (select event_id from last) else 0 end)::text,
    'after_endpoint', (case when is_full then (select endpoint_id from last) else 0 end)::text,
    'after_number', (case when is_full then (select number from last) else 0 end)::text,
    'low', (extract(epoch from low) * 1e6)::bigint::text,
    'later_xid', later_xid::text,
    'later_low', later_low::text,
    'may_have_more', is_full
  )::text as meta
from next
cross join looked_to
union all
(
  select a.xid, a.event_id, e.nonce, a.endpoint_id, p.nonce, a.number, e.type, e.key, e.tenant, a.sender, to_char(a.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
         a.duration_ms, a.response_status, a.error,
         coalesce(d.state, case when a.error is null then 'delivered'::outbox.delivery_state end),
         case when d.state = 'pending' then 
              to_char(d.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, null
  from looked a
  join outbox.events e on e.id = a.event_id
  join outbox.endpoints p on p.id = a.endpoint_id
  left join outbox.delivery_rows d on d.endpoint_id = a.endpoint_id and d.event_id = a.event_id
  where ($10::bigint is null or p.id = $10::bigint and p.nonce = $11::int)
    and ($12::text is null or e.type = $12::text)
    and ($13::text is null or e.tenant = $13::text)
    and ($14::text is null or e.tenant = $14::text and p.tenant = $14::text)
  order by a.xid, a.event_id, a.endpoint_id, a.number
)
