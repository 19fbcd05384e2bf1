-- How things stand, for monitoring: what /metrics shows of the database (drizzle/gauges.ts says what each gauge means).
-- Its cost is bounded however much there is. Counts stop at a limit.
--
-- $1 max_counted    int  deliveries of each state to count, at most
-- $2 max_endpoints  int  endpoints with the largest backlogs to list; 0 = none
--
-- Returns rows.
-- -> name    text
-- -> label   text?  the value of the gauge's first label; null = it has none
-- -> detail  text?  of its second
-- -> value   float8
with
clock as materialized (
  select clock_timestamp() as now
),
endpoint as materialized (
  select p.id, p.nonce, p.kind, p.state, p.disabled_reason from outbox.endpoints p where p.deleted_at is null
),
waiting as materialized (
  select d.endpoint_id, count(*)::int as n, min(d.due_at) as due_at
  from (select endpoint_id, due_at from outbox.delivery_rows where state = 'pending' order by endpoint_id limit $1::int) d
  group by d.endpoint_id
),
total as materialized (
  select coalesce(sum(n), 0)::int as n, coalesce(sum(n), 0) >= $1::int as is_capped from waiting
),
-- At the limit, `waiting` has seen only some of the endpoints. So each is probed, for its oldest and for a smaller count.
probed as materialized (
  select endpoint.id as endpoint_id, counted.n, oldest.due_at
  from endpoint
  cross join lateral (
    select d.due_at from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'pending'
    order by d.due_at limit 1
  ) oldest
  cross join lateral (
    select count(*)::int as n
    from (select from outbox.delivery_rows d where d.endpoint_id = endpoint.id and d.state = 'pending'
          limit case when $2::int > 0 then (select greatest(10, $1::int / greatest(1, count(*))) from endpoint) else 0 end) d
  ) counted
  where (select is_capped from total)
),
backlog as materialized (
  select * from waiting where not (select is_capped from total)
  union all
  select * from probed
),
worst as materialized (
  select b.endpoint_id, outbox.endpoint_id(endpoint.id, endpoint.nonce) as public_id, b.n, b.due_at
  from backlog b
  join endpoint on endpoint.id = b.endpoint_id
  order by b.n desc, b.due_at
  limit $2::int
),
listed as materialized (
  select w.public_id, w.due_at, case when (select is_capped from total) then counted.n else w.n end as n
  from worst w
  cross join lateral (
    select count(*)::int as n
    from (select from outbox.delivery_rows d where d.endpoint_id = w.endpoint_id and d.state = 'pending'
          limit case when (select is_capped from total) then $1::int / greatest(1, $2::int) else 0 end) d
  ) counted
),
storage as (
  select case when c.relname ~ '^event' then 'events' when c.relname ~ '^deliver' then 'deliveries'
              when c.relname ~ '^attempt' then 'attempts' else 'other' end as part,
         pg_total_relation_size(c.oid) as bytes
  from pg_class c
  where c.relnamespace = 'outbox'::regnamespace and c.relkind = 'r'
),
gauge (name, label, detail, value) as (
  select 'outbox_events_captured_total', null, null, coalesce(p.ids_before + pg_sequence_last_value('outbox.events_id_seq') - p.first_id + 1, 0)::float8
  from (select * from outbox.partitions where opened_at is not null order by first_id desc limit 1) p
  union all
  select 'outbox_deliveries', 'pending', null, n from total
  union all
  select 'outbox_deliveries', 'sending', null, count(*)
  from (select from outbox.deliveries where state = 'sending' limit $1::int) d
  union all
  select 'outbox_deliveries', 'dead', null, count(*)
  from (select from outbox.delivery_rows where state = 'dead' limit $1::int) d
  union all
  select 'outbox_oldest_pending_seconds', null, null,
         greatest(0, coalesce(extract(epoch from (select now from clock) - min(b.due_at)), 0))
  from backlog b
  join endpoint on endpoint.id = b.endpoint_id and endpoint.state <> 'disabled' and endpoint.kind = 'push'
  union all
  select 'outbox_oldest_unfanned_seconds', null, null, outbox.oldest_unfanned_seconds()
  union all
  (select 'outbox_endpoints', s.state::text, coalesce(s.reason::text, ''), count(endpoint.id)
  from (values ('active'::outbox.endpoint_state, null::outbox.disabled_reason), ('paused', null),
               ('disabled', 'gone'), ('disabled', 'failing'), ('disabled', 'manual'), ('disabled', 'idle')) as s (state, reason)
  left join endpoint on endpoint.state = s.state and endpoint.disabled_reason is not distinct from s.reason
  group by s.state, s.reason
  order by s.state, s.reason) -- or the lines change places with the plan
  union all
  select 'outbox_breakers_open', null, null, count(*)
  from outbox.endpoint_health h
  cross join lateral (select from outbox.endpoints p where p.id = h.endpoint_id and p.state = 'active' limit 1) p
  where h.probe_at is not null
  union all
  select 'outbox_endpoint_pending', public_id, null, n from listed
  union all
  select 'outbox_endpoint_oldest_pending_seconds', public_id, null,
         greatest(0, extract(epoch from (select now from clock) - due_at))
  from listed
  union all
  select 'outbox_endpoint_pending', 'other', null, greatest(0, (select n from total) - coalesce(sum(n), 0))
  from listed
  having $2::int > 0
  union all
  select 'outbox_endpoint_oldest_pending_seconds', 'other', null,
         greatest(0, coalesce(extract(epoch from (select now from clock) - min(b.due_at)), 0))
  from backlog b
  where not exists (select from worst w where w.endpoint_id = b.endpoint_id)
  having $2::int > 0
  union all
  select 'outbox_last_cron_timestamp_seconds', null, null, extract(epoch from finished_at) from outbox.last_cron_run
  union all
  select 'outbox_listener_heartbeat_timestamp_seconds', null, null, extract(epoch from max(seen_at))
  from outbox.listeners
  having max(seen_at) is not null
  union all
  select 'outbox_notify_queue_usage_ratio', null, null, pg_notification_queue_usage()
  union all
  select 'outbox_oldest_transaction_seconds', null, null, outbox.oldest_transaction_seconds()
  union all
  (select 'outbox_storage_bytes', s.part, null, coalesce(sum(storage.bytes), 0)
  from unnest(array['events', 'deliveries', 'attempts', 'other']) as s (part)
  left join storage on storage.part = s.part
  group by s.part
  order by s.part)
)
select name, label, detail, value::float8 as value
from gauge
