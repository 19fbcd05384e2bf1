-- Gives back deliveries that were claimed but never sent, as if they had not been claimed.
--
-- $1 deliveries[].endpoint_id  bigint as EndpointId
-- $2 deliveries[].event_id     bigint as EventId
-- $3 deliveries[].lease        text
--
-- Returns nothing.
update outbox.delivery_rows d
set state = 'pending', attempt = d.attempt - 1, lease = null, leased_until = null
from unnest($1::bigint[], $2::bigint[], $3::text[]) as r (endpoint_id, event_id, lease)
where d.endpoint_id = r.endpoint_id and d.event_id = r.event_id and d.lease = r.lease
