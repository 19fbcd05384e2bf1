-- How one endpoint does: what waits for it, whether it fails, and what it answered last. Cheap at any size: each count stops at
-- a limit, and the last failure is found through its newest events.
--
-- $1 id           bigint
-- $2 max_counted  int     deliveries of a state to count
--
-- Returns one row or none.
-- -> pending                 int
-- -> sending                 int
-- -> dead                    int
-- -> oldest_pending_seconds  float8?
-- -> failures                int           in a row
-- -> failing_since           text?
-- -> not_before              text?  the receiver asked for a pause
-- -> probe_at                text?  null = the circuit breaker is closed
-- -> error                   text?         of the last attempt that failed, while it fails
-- -> response_status         int?          of the same
-- -> response_body           text?         of the same
select
  (select count(*)::int from (select from outbox.delivery_rows d where d.endpoint_id = p.id and d.state = 'pending' limit $2::int) d) as pending,
  (select count(*)::int from (select from outbox.deliveries d where d.endpoint_id = p.id and d.state = 'sending' limit $2::int) d) as sending,
  (select count(*)::int from (select from outbox.delivery_rows d where d.endpoint_id = p.id and d.state = 'dead' limit $2::int) d) as dead,
  case when oldest.due_at is not null then greatest(0, extract(epoch from clock_timestamp() - oldest.due_at)) end::float8 as oldest_pending_seconds,
  coalesce(h.failures, 0) as failures,
  to_char(h.failing_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as failing_since,
  to_char(h.not_before at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as not_before,
  to_char(h.probe_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as probe_at,
  last.error, last.response_status, last.response_body
from outbox.endpoints p
left join outbox.endpoint_health h on h.endpoint_id = p.id
left join lateral (
  select d.due_at from outbox.delivery_rows d where d.endpoint_id = p.id and d.state = 'pending' order by d.due_at limit 1
) oldest on true
left join lateral (
  select newest.error, newest.response_status, newest.response_body
  from (
    select a.started_at, a.error, a.response_status, a.response_body
    from outbox.attempt_rows a
    where a.endpoint_id = p.id and a.error is not null
    order by a.event_id desc, a.number desc
    limit 20
  ) newest
  order by newest.started_at desc
  limit 1
) last on h.failures > 0
where p.id = $1::bigint
