-- How things stand, at a bounded cost however much there is: some hundred thousand index entries. Each count stops at a
-- limit, which is smaller where there are many endpoints.
--
-- $1 tenant         text?  null = every tenant's
-- $2 max_counted    int    deliveries to count, over all endpoints
-- $3 max_endpoints  int    endpoints to list
-- $4 trouble_first  bool   those in trouble before the others
-- $5 only           bigint[]?  ids of endpoints; null = all of them
--
-- Returns one row.
-- -> counted_to                            int                       the limit
-- -> delivered                             int                       in the last hour
-- -> oldest_pending_seconds                float8?                   null = nothing waits
-- -> pending                               int
-- -> sending                               int
-- -> dead                                  int
-- -> is_capped                             bool?                     null = there are no endpoints
-- -> counts.total                          int                       endpoints
-- -> counts.active                         int
-- -> counts.paused                         int
-- -> counts.disabled                       int
-- -> counts.healthy                        int                       active, and not in trouble
-- -> counts.failing                        int                       active, and the last attempt failed
-- -> counts.in_trouble                     int
-- -> endpoints[].id                        bigint                    those with the most pending first
-- -> endpoints[].nonce                     int
-- -> endpoints[].state                     outbox.endpoint_state
-- -> endpoints[].pending                   int
-- -> endpoints[].sending                   int
-- -> endpoints[].dead                      int
-- -> endpoints[].url                       text
-- -> endpoints[].disabled_reason           outbox.disabled_reason?
-- -> endpoints[].oldest_pending_seconds    float8?
-- -> endpoints[].failures                  int                       in a row
-- -> endpoints[].failing_seconds           float8?                   since the first of them
-- -> endpoints[].probe_in_seconds          float8?                   null = the circuit breaker is closed
-- -> endpoints[].failing                   bool
-- -> endpoints[].in_trouble                bool                      it fails, or what waits does not leave
with
clock as materialized (
  select clock_timestamp() as now
),
endpoint as materialized (
  select p.id, p.nonce, p.kind, p.state, p.url, p.disabled_reason
  from outbox.endpoints p
  where p.deleted_at is null and ($1::text is null or p.tenant = $1::text) and ($5::bigint[] is null or p.id = any($5))
),
cap as materialized (
  select greatest(10, least(10000, $2::int / greatest(1, count(*))))::int as rows from endpoint
),
-- Leased rows are as many as requests on their way, so they are grouped instead of looked up for each endpoint.
sending as materialized (
  select d.endpoint_id, count(*)::int as n
  from (select endpoint_id from outbox.deliveries where state = 'sending' limit $2::int) d
  group by d.endpoint_id
),
counted as materialized (
  select endpoint.*, pending.n as pending, dead.n as dead, coalesce(sending.n, 0) as sending, pending.oldest_due_at as due_at,
         coalesce(h.failures, 0) as failures, h.failing_since, h.probe_at,
         endpoint.state = 'active' and (h.probe_at is not null or h.failures > 0) is true as failing
  from endpoint
  cross join lateral (
    select count(*)::int as n, min(d.due_at) as oldest_due_at
    from (select d.due_at from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'pending'
          order by d.due_at limit (select rows from cap)) d
  ) pending
  cross join lateral (
    select count(*)::int as n
    from (select from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'dead'
          limit (select rows from cap)) d
  ) dead
  left join sending on sending.endpoint_id = endpoint.id
  left join outbox.endpoint_health h on h.endpoint_id = endpoint.id
),
-- Where a delivery waits for a minute though its endpoint is well, it is late.
judged as materialized (
  select counted.*,
         failing or case when counted.state = 'active' then (due_at < clock.now - interval '1 minute') is true else pending > 0 end as in_trouble
  from counted cross join clock
),
total as (
  select min(due_at) filter (where state <> 'disabled' and kind = 'push') as due_at,
         coalesce(sum(pending), 0)::int as pending, coalesce(sum(sending), 0)::int as sending, coalesce(sum(dead), 0)::int as dead,
         max(greatest(pending, dead)) >= (select rows from cap) as is_capped,
         json_build_object('total', count(*), 'active', count(*) filter (where state = 'active'),
                           'paused', count(*) filter (where state = 'paused'), 'disabled', count(*) filter (where state = 'disabled'),
                           'healthy', count(*) filter (where state = 'active' and not in_trouble),
                           'failing', count(*) filter (where failing), 'in_trouble', count(*) filter (where in_trouble)) as counts
  from judged
),
-- By the minute: what is folded, and what is not yet. A scan of the attempts would cost as much as there are of them.
delivered as (
  select coalesce(sum(attempts), 0)::int as n
  from (
    select m.attempts
    from outbox.attempt_minutes m
    cross join clock
    where m.endpoint_id = 0 and m.tenant = coalesce($1::text, '') and m.minutes = 1 and m.outcome = 'delivered'
      and m.begins_at > clock.now - interval '1 hour'
    union all
    select t.attempts
    from outbox.attempt_tallies t
    cross join clock
    where t.error is null and t.minute > clock.now - interval '1 hour'
      and ($1::text is null or t.endpoint_id in (select id from endpoint))
  ) a
)
select
  (select rows from cap) as counted_to,
  (select n from delivered) as delivered,
  case when total.due_at is not null then greatest(0, extract(epoch from clock.now - total.due_at))::float8 end as oldest_pending_seconds,
  total.pending,
  total.sending,
  total.dead,
  total.is_capped,
  total.counts::text as counts,
  (
    select coalesce(json_agg(to_json(listed)), '[]') -- in the order of the subquery
    from (
      select judged.id::text as id, nonce, state, pending, sending, dead, url, disabled_reason,
             case when due_at is not null then greatest(0, extract(epoch from clock.now - due_at))::float8 end as oldest_pending_seconds,
             failures, extract(epoch from clock.now - failing_since)::float8 as failing_seconds,
             extract(epoch from probe_at - clock.now)::float8 as probe_in_seconds, failing, in_trouble
      from judged
      order by $4::bool and in_trouble desc, pending desc, judged.id desc limit $3::int
    ) listed
  )::text as endpoints
from clock cross join total
