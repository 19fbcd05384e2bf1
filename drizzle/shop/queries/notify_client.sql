-- Records the message a client is sent about an order, once for each webhook.
--
-- $1 webhook_id  text
-- $2 order_id    bigint
-- $3 news        text    what follows the greeting
--
-- Returns nothing.
with
receipt as (
  insert into webhook_receipts (receiver, webhook_id)
  values ('notifications', $1::text)
  on conflict do nothing
  returning webhook_id
)
insert into notifications (client_id, order_id, message, webhook_id)
select clients.id, orders.id, 'Hi ' || clients.name || ', ' || $3::text, receipt.webhook_id
from receipt
join orders on orders.id = $2::bigint
join clients on clients.id = orders.client_id
