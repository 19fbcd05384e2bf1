-- An order and its items at once, so that the trigger on orders (step 2) sees the items. Nothing is written where the client
-- is unknown or an item is not this client's.
--
-- $1 client_id  bigint
-- $2 status     order_status
-- $3 item_ids   bigint[]
--
-- Returns one row.
-- -> id             bigint?   null = nothing was written
-- -> client_known   bool
-- -> foreign_items  text[]    ids of items that are not this client's
with
client as (
  select id from clients where id = $1::bigint
),
wanted as (
  select distinct unnest($3::bigint[]) as item_id
),
foreign_item as (
  select wanted.item_id
  from wanted
  where not exists (select from items where items.id = wanted.item_id and items.client_id = $1::bigint)
),
created as (
  insert into orders (client_id, status)
  select client.id, $2::order_status
  from client
  where not exists (select from foreign_item)
  returning id
),
filled as (
  insert into order_items (order_id, item_id)
  select created.id, wanted.item_id
  from created
  cross join wanted
)
select
  (select id from created) as id,
  exists (select from client) as client_known,
  array(select item_id::text from foreign_item order by item_id) as foreign_items
