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
delivery as materialized (
  select d.endpoint_id, d.event_id, d.state, p.state as endpoint_state
  from outbox.deliveries d
  join outbox.endpoints p on p.id = d.endpoint_id
  join outbox.events e on e.id = d.event_id
  where d.event_id = $1::bigint and d.endpoint_id = $2::bigint
    and ($3::text is null or p.tenant = $3::text and e.tenant = $3::text)
  for update of d
),
revived as (
  update outbox.deliveries d
  set state = 'pending',
      retry_base = case when delivery.state = 'pending' then d.retry_base else d.attempt end,
      due_at = clock_timestamp(),
      reason = case when delivery.state = 'pending' then d.reason end,
      finished_at = null
  from delivery
  where d.endpoint_id = delivery.endpoint_id and d.event_id = delivery.event_id
    and delivery.state <> 'sending' and delivery.endpoint_state <> 'disabled'
  returning d.endpoint_id, d.event_id
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, event_id)
  select $4::text, $5::text, 'delivery.redelivered', endpoint_id, event_id
  from revived
)
select
  delivery.state, delivery.endpoint_state,
  case when exists (select from revived) then outbox.wake()::text end as noticed
from delivery
