-- The shop's link to the outbox: every new order, and every status that really changed, is an event.
-- outbox.watch() generates a function and a trigger for each operation; called again, it replaces them.
SELECT outbox.watch('public.orders',
  operations     => '{insert,update}',
  when_changed   => '{status}',
  type_sql       => $$'order.' || NEW.status$$,
  possible_types => '{order.created,order.shipped,order.backorder,order.canceled}',
  tenant         => 'NEW.client_id',
  fields         => $${
    "order_id": "NEW.id",
    "client_id": "NEW.client_id",
    "status": "NEW.status",
    "previous_status": "OLD.status",
    "item_ids": "ARRAY(SELECT item_id FROM public.order_items WHERE order_id = NEW.id ORDER BY item_id)"
  }$$);
