-- Why a delivery is where it is (drizzle/functions/delivery_reason.sql), with what a page about it needs of its event and its
-- endpoint.
--
-- $1 event_id     bigint
-- $2 endpoint_id  bigint
-- $3 tenant       text?   null = any tenant's
--
-- Returns one row or none.
-- -> reason       text
-- -> type         text
-- -> key          text?
-- -> tenant       text?
-- -> actor        text?
-- -> traceparent  text?
-- -> occurred_at  text
-- -> bytes        int          of the event's data
-- -> url          text
-- -> state        outbox.endpoint_state
-- -> ordering     outbox.ordering
-- -> retry_schedule float8[]?  the endpoint's own, in seconds; null = as set for all
-- -> later        bigint?      the next newer event with a delivery to this endpoint
-- -> earlier      bigint?      the next older one
select
  outbox.delivery_reason(d, h) as reason,
  e.type, e.key, e.tenant, e.actor, e.traceparent,
  to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as occurred_at,
  octet_length(e.data::text) as bytes,
  p.url, p.state, p.ordering, p.retry_schedule,
  (select n.event_id from outbox.deliveries n where n.endpoint_id = p.id and n.event_id > e.id order by n.event_id limit 1) as later,
  (select n.event_id from outbox.deliveries n where n.endpoint_id = p.id and n.event_id < e.id order by n.event_id desc limit 1) as earlier
from outbox.deliveries d
join outbox.events e on e.id = d.event_id
join outbox.endpoints p on p.id = d.endpoint_id
left join outbox.endpoint_health h on h.endpoint_id = p.id
where d.event_id = $1::bigint and d.endpoint_id = $2::bigint
  and ($3::text is null or p.tenant = $3::text and e.tenant = $3::text)
