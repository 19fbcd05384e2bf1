-- A person wants this delivery sent again, now. A delivery that is being sent stays as it is: there are never two requests
-- at once.
--
-- $1 event_id     bigint
-- $2 endpoint_id  bigint
-- $3 tenant       text?   null = any tenant's
-- $4 actor        text    for the audit
-- $5 request_id   text    for the audit
--
-- Returns one row or none: none where there is no such delivery.
-- -> state           outbox.delivery_state  before
-- -> endpoint_state  outbox.endpoint_state
-- -> noticed         text?
with
asked as materialized (
  select p.id as endpoint_id, e.id as event_id, p.state as endpoint_state, case when p.ordering = 'key' then e.key end as ordering_key
  from outbox.endpoints p
  join outbox.events e on e.id = $1::bigint
  where p.id = $2::bigint and ($3::text is null or p.tenant = $3::text and e.tenant = $3::text)
),
-- What is over is being let go (drizzle/functions/begin_expiry.sql).
expiring as materialized (
  select from outbox.expiry x where $1::bigint >= x.first_id and $1::bigint < x.until_id
),
own_row as materialized (
  select d.endpoint_id, d.event_id, d.state
  from asked
  join outbox.delivery_rows d on d.endpoint_id = asked.endpoint_id and d.event_id = asked.event_id
  where d.state in ('pending', 'sending', 'dead') or not exists (select from expiring)
  for update of d
),
-- It has no row of its own yet.
at_once as materialized (
  select o.endpoint_id, o.event_id, o.created_at
  from asked
  -- By the parameters: partitions are chosen before anything is locked (drizzle/functions/was_delivered_at_once.sql).
  join outbox.delivered_at_once o on o.endpoint_id = $2::bigint and o.event_id = $1::bigint
  where not exists (select from outbox.delivery_rows d where d.endpoint_id = o.endpoint_id and d.event_id = o.event_id)
    and not exists (select from expiring)
),
delivery as materialized (
  select state from own_row
  union all
  select 'delivered' from at_once
  union all
  select 'sending'
  from asked
  join outbox.delivery_groups g on g.endpoint_id = asked.endpoint_id and asked.event_id = any (g.event_ids)
),
revived as (
  update outbox.delivery_rows d
  set state = 'pending',
      retry_base = case when own_row.state = 'pending' then d.retry_base else d.attempt end,
      due_at = clock_timestamp(),
      reason = case when own_row.state = 'pending' then d.reason end,
      finished_at = null
  from own_row
  cross join asked
  where d.endpoint_id = own_row.endpoint_id and d.event_id = own_row.event_id
    and own_row.state <> 'sending' and asked.endpoint_state <> 'disabled'
  returning d.endpoint_id, d.event_id
),
begun as (
  insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, retry_base, ordering_key, created_at)
  select at_once.endpoint_id, at_once.event_id, 'pending', 1, 1, asked.ordering_key, at_once.created_at
  from at_once
  cross join asked
  where asked.endpoint_state <> 'disabled'
  on conflict (endpoint_id, event_id) do nothing
  returning endpoint_id, event_id
),
again as materialized (select * from revived union all select * from begun),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, event_id)
  select $4::text, $5::text, 'delivery.redelivered', endpoint_id, event_id
  from again
)
select
  delivery.state, asked.endpoint_state,
  case when exists (select from again) then outbox.wake()::text end as noticed
from delivery
cross join asked
