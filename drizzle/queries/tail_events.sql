-- Events as they are committed, each once and none left out, whatever order transactions commit in. Ids rise as events are
-- written, not as they are committed, so it goes by transactions: all of those from one number up to another, which the
-- snapshot knows to have ended, in the order of ids; then the next. It lags by the oldest open transaction.
--
-- $1 first_xid   bigint?  the window: transactions from here on …
-- $2 end_xid     bigint?  … that are below
-- $3 at          bigint?  of the window, events up to this id were read
-- $4 top         bigint?  it holds none above
-- $5 low         bigint?  transactions from end_xid on have written no event up to this id
-- $6 later_xid   bigint?  those from here on …
-- $7 later_low   bigint?  … none up to this one
-- $8 max_looked  int
-- $9 type        text?
-- $10 tenant     text?
-- $11 reader_tenant text?  null = any
--
-- All of $1 to $7 are null at the beginning: only what is committed from now on.
--
-- Returns meta, then rows.
-- -> id          bigint
-- -> nonce       int
-- -> type        text
-- -> key         text?
-- -> tenant      text?
-- -> happened_at text  as the webhook has it
-- -> data        text
-- -> meta.first_xid bigint
-- -> meta.end_xid   bigint
-- -> meta.at        bigint
-- -> meta.top       bigint
-- -> meta.low       bigint
-- -> meta.later_xid bigint
-- -> meta.later_low bigint
with
now as materialized (
  select pg_snapshot_xmin(snapshot)::text::bigint as xmin,
         -- As in fan_out.sql: no transaction has this number yet. Those that get one later write above what is visible now.
         pg_snapshot_xmax(snapshot)::text::bigint + age(pg_snapshot_xmax(snapshot)::xid) as next_xid,
         coalesce((select max(id) from outbox.events), 0) as newest
  from pg_current_snapshot() as snapshot
),
next as materialized (
  select
    case when goes_on then $1::bigint else coalesce($2::bigint, xmin) end as first_xid,
    case when goes_on then $2::bigint else greatest(xmin, coalesce($2::bigint, 0)) end as end_xid,
    case when goes_on then $3::bigint when $1::bigint is null then newest else $5::bigint end as at,
    case when goes_on then $4::bigint else newest end as top,
    case
      when goes_on then $5::bigint
      -- What the open transactions have written lies above what there was when the oldest of them began; ten seconds are for
      -- clocks, of the five minutes that the function takes back.
      when $1::bigint is null then outbox.last_event_before(
        clock_timestamp() - make_interval(secs => outbox.oldest_writer_seconds() - 290))
      when xmin >= $6::bigint then $7::bigint
      else $5::bigint
    end as low,
    case when goes_on or $1::bigint is not null and xmin < $6::bigint then $6::bigint else next_xid end as later_xid,
    case when goes_on or $1::bigint is not null and xmin < $6::bigint then $7::bigint else newest end as later_low
  from now
  cross join lateral (select coalesce($3::bigint < $4::bigint or xmin <= $2::bigint, false) as goes_on) w
),
looked as materialized (
  select e.*
  from next
  cross join lateral (
    select e.* from outbox.events e where e.id > next.at and e.id <= next.top and next.end_xid > next.first_xid
    order by e.id limit $8::int
  ) e
)
select
  null::bigint as id, null::int as nonce, null::text as type, null::text as key, null::text as tenant,
  null::text as happened_at, null::text as data,
  json_build_object(
    'first_xid', first_xid::text, 'end_xid', end_xid::text,
    'at', (case when (select count(*) from looked) < $8::int then top else (select max(id) from looked) end)::text,
    'top', top::text, 'low', low::text, 'later_xid', later_xid::text, 'later_low', later_low::text
  )::text as meta
from next
union all
(
  select e.id, e.nonce, e.type, e.key, e.tenant,
         to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.data::text, null
  from looked e
  cross join next
  where e.xid >= next.first_xid::text::xid8 and e.xid < next.end_xid::text::xid8
    and ($9::text is null or e.type = $9::text)
    and ($10::text is null or e.tenant = $10::text)
    and ($11::text is null or e.tenant = $11::text)
  order by e.id
)
