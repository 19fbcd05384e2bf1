-- Gives deliveries their numbers, before they are first sent (drizzle/functions/number_deliveries.sql).
--
-- $1 deliveries[].endpoint_id  bigint as EndpointId
-- $2 deliveries[].event_id     bigint as EventId
--
-- Returns rows.
-- -> endpoint_id  text as EndpointId
-- -> event_id     text as EventId
-- -> number       bigint
select n.endpoint_id::text as endpoint_id, n.event_id::text as event_id, n.number
from outbox.number_deliveries($1::bigint[], $2::bigint[]) n
