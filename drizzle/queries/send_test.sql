-- One event for one endpoint: no fan-out, so nobody else gets it.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 tenant      text  null = whoever's endpoint it is
-- $4 who         text  } for the audit
-- $5 request_id  text  }
--
-- Returns no row where there is no such endpoint; nulls where it is disabled; else the event's id and nonce.
with
endpoint as materialized (
  select p.id, p.state
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
),
-- A function, because nobody may write events but by way of one.
event as materialized (
  select written.id, written.nonce
  from endpoint
  cross join lateral outbox.record_test(endpoint.id) as written
  where endpoint.state <> 'disabled'
),
delivery as (
  insert into outbox.deliveries (endpoint_id, event_id, state)
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
  event.id::text as event_id, event.nonce as event_nonce,
  case when event.id is not null then outbox.wake()::text end as noticed
from endpoint
left join event on true
