-- Charges a shipped order, once: the receipt drops repeats of the webhook, the unique index a second shipping.
--
-- $1 webhook_id  text
-- $2 order_id    bigint
--
-- Returns nothing.
with
receipt as (
  insert into webhook_receipts (receiver, webhook_id)
  values ('billing', $1::text)
  on conflict do nothing
  returning webhook_id
),
item_fee as (
  select coalesce(sum(item_fees.amount_cents), 0)::bigint as amount_cents
  from orders
  join order_items on order_items.order_id = orders.id
  join items on items.id = order_items.item_id and items.client_id = orders.client_id
  join item_fees on item_fees.item_id = items.id
  where orders.id = $2::bigint
)
insert into charges (client_id, order_id, amount_cents, webhook_id)
select
  orders.client_id,
  orders.id,
  coalesce(fulfillment_fees.amount_cents, 0) + item_fee.amount_cents,
  receipt.webhook_id
from receipt
join orders on orders.id = $2::bigint
left join fulfillment_fees on fulfillment_fees.client_id = orders.client_id
cross join item_fee
on conflict (order_id) do nothing
