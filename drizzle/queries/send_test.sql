-- Writes one event for one endpoint. There is no fan-out, so no other endpoint gets it.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 tenant      text?   null = any tenant's
-- $4 actor       text    for the audit
-- $5 request_id  text    for the audit
--
-- Returns one row or none: none where there is no such endpoint.
-- -> event_id     bigint?  null = the endpoint is disabled
-- -> event_nonce  int?
-- -> noticed      text?
with
endpoint as materialized (
  select p.id, p.state
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
),
-- A function, because only functions of the outbox may write events.
event as materialized (
  select written.id, written.nonce
  from endpoint
  cross join lateral outbox.record_test(endpoint.id) as written
  where endpoint.state <> 'disabled'
),
delivery as (
  insert into outbox.delivery_rows (endpoint_id, event_id, state)
  select endpoint.id, event.id, 'pending'
  from event
  cross join endpoint
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, event_id)
  select $4::text, $5::text, 'endpoint.tested', endpoint.id, event.id
  from event
  cross join endpoint
)
select
  event.id as event_id, event.nonce as event_nonce,
  case when event.id is not null then outbox.wake()::text end as noticed
from endpoint
left join event on true
