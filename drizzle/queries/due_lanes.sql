-- The dispatcher of edge sending asks: which endpoints have something due, and how much (functions/edge/dispatcher.ts)? What is
-- due is counted no further than a few consumers could send. It leases nothing: consumers claim for themselves (claim.sql).
--
-- $1 scan_limit   int     endpoints to look at, at most
-- $2 max_counted  int     due deliveries to count of each, at most
-- $3 scan_after   bigint? as EndpointId  the scan over the endpoints goes on behind this one; null = from the first
--
-- Returns meta, then rows: endpoints that may send, with something due.
-- -> endpoint_id      text as EndpointId
-- -> due              int   deliveries that are due, counted so far
-- -> max_in_flight    int
-- -> is_restrained    bool  a breaker or a slow start lets little out, so one consumer is enough
-- -> is_rated         bool  it has a rate limit, so a consumer waits more than it sends
-- -> meta.scan_cursor text? as EndpointId  there may be more endpoints behind this one
-- -> meta.next_due_in float8?  seconds until the next delivery of the endpoints seen is due that is not yet; null = none waits for its time
with recursive
clock as materialized (select clock_timestamp() as now),
-- As in claim.sql: one probe for each endpoint that has anything pending, however much that is.
scan as (
  (
    select d.endpoint_id, 1 as step
    from outbox.delivery_rows d
    where d.state = 'pending' and d.endpoint_id > coalesce($3::bigint, 0)
    order by d.endpoint_id
    limit 1
  )
  union all
  select n.endpoint_id, scan.step + 1
  from scan
  cross join lateral (
    select d.endpoint_id
    from outbox.delivery_rows d
    where d.state = 'pending' and d.endpoint_id > scan.endpoint_id
    order by d.endpoint_id
    limit 1
  ) n
  where scan.step < $1::int
),
lane as materialized (
  select scan.endpoint_id, p.max_in_flight,
         l.probe_at is not null or l.slow_start_limit is not null as is_restrained, p.rate_per_second is not null as is_rated,
         greatest(first.due_at, l.not_before, l.probe_at) as due_at,
         case when later.due_at is not null then greatest(later.due_at, l.not_before, l.probe_at) end as later_at
  from scan
  cross join clock
  join outbox.endpoints p on p.id = scan.endpoint_id and p.state = 'active' and p.kind = 'push'
  join outbox.endpoint_health l on l.endpoint_id = p.id
  cross join lateral (
    select d.due_at
    from outbox.delivery_rows d
    where d.endpoint_id = p.id and d.state = 'pending'
    order by d.due_at
    limit 1
  ) first
  -- Where the first is blocked, by an event of its key before it, the next one may be what is waited for.
  left join lateral (
    select d.due_at
    from outbox.delivery_rows d
    where d.endpoint_id = p.id and d.state = 'pending' and d.due_at > clock.now
    order by d.due_at
    limit 1
  ) later on true
)
select
  null::text as endpoint_id, null::int as due, null::int as max_in_flight, null::bool as is_restrained, null::bool as is_rated,
  json_build_object(
    'scan_cursor', (select case when count(*) >= $1::int then max(endpoint_id)::text end from scan),
    'next_due_in', (select extract(epoch from min(case when lane.due_at > clock.now then lane.due_at else lane.later_at end) - clock.now)::float8
                    from lane cross join clock group by clock.now)
  )::text as meta
union all
select lane.endpoint_id::text, counted.due, lane.max_in_flight, lane.is_restrained, lane.is_rated, null
from lane
cross join clock
cross join lateral (
  select count(*)::int as due
  from (
    select from outbox.delivery_rows d
    where d.endpoint_id = lane.endpoint_id and d.state = 'pending' and d.due_at <= clock.now
    limit $2::int
  ) waiting
) counted
where lane.due_at <= clock.now
