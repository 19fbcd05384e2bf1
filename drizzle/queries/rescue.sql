-- Takes back deliveries that a sender has held past its lease: it crashed, froze or lost the database. Whether its request
-- left is unknown, so the attempt counts and is recorded as `interrupted`, and the delivery is due again: at once the
-- first time, and after the schedule's wait when the attempt before was interrupted too. So a delivery that crashes its
-- sender does not crash one after the other, and the deliveries beside it do not use up their attempts within minutes.
--
-- $1 limit     int
-- $2 schedule  float8[]  the retry schedule, where the endpoint has none of its own
-- $3 jitter    float8    a wait is up to this part of it shorter or longer
--
-- Returns one row.
-- -> rescued  int
with
expired as materialized (
  select d.ctid as row, d.endpoint_id, d.event_id, d.attempt, d.lease,
         case when d.reason = 'interrupted'
              then (1 - $3::float8 + 2 * $3::float8 * random()) * (coalesce(p.retry_schedule, $2::float8[]))[d.attempt - d.retry_base]
              else 0 end as wait,
         d.attempt - d.retry_base > cardinality(coalesce(p.retry_schedule, $2::float8[])) as attempts_used
  from outbox.deliveries d
  join outbox.endpoints p on p.id = d.endpoint_id
  where d.state = 'sending' and d.leased_until < clock_timestamp()
  order by d.leased_until
  limit $1::int
  for update of d skip locked
),
logged as (
  insert into outbox.attempts (endpoint_id, event_id, number, sender, started_at, error)
  select endpoint_id, event_id, attempt, case when lease like 'cron%' then 'cron' else 'listener' end::outbox.sender,
         clock_timestamp(), 'interrupted'
  from expired
  on conflict (endpoint_id, event_id, number) do nothing
),
rescued as (
  update outbox.deliveries d
  set state = case when expired.attempts_used then 'dead' else 'pending' end::outbox.delivery_state,
      due_at = clock_timestamp() + make_interval(secs => case when expired.attempts_used then 0 else expired.wait end),
      lease = null,
      leased_until = null,
      reason = 'interrupted',
      finished_at = case when expired.attempts_used then clock_timestamp() end
  from expired
  where d.ctid = expired.row
  returning 1
)
select count(*)::int as rescued from rescued
