-- A delivery that a receiver has pulled and still holds.
--
-- $1 endpoint_id  bigint as EndpointId
-- $2 event_id     bigint as EventId
-- $3 lease        text
-- $4 tenant       text?     null = any tenant's
--
-- Returns one row or none: none where there is no such delivery, or the lease is another's by now.
-- -> attempt         int
-- -> attempts_used   int        attempts of the present retry budget before this one
-- -> retry_schedule  float8[]?  the endpoint's
-- -> occurred_at     float8     the event's, in microseconds since 1970
select d.attempt, d.attempt - 1 - d.retry_base as attempts_used, p.retry_schedule,
       round(date_part('epoch', e.occurred_at) * 1000000) as occurred_at
from outbox.delivery_rows d
join outbox.events e on e.id = d.event_id
join outbox.endpoints p on p.id = d.endpoint_id
where d.endpoint_id = $1::bigint and d.event_id = $2::bigint and d.state = 'sending' and d.lease = $3::text
  and p.kind = 'pull' and ($4::text is null or p.tenant = $4::text)
