-- Gives back what claims leased whose answers never came because the link broke: nothing of it was sent. If such a claim
-- runs after this statement, its deliveries wait until their lease ends.
--
-- $1 leases  text[]
--
-- Returns one row.
-- -> released  int
with
released as (
  update outbox.delivery_rows d
  set state = 'pending', attempt = d.attempt - 1, lease = null, leased_until = null
  where d.state = 'sending' and d.lease = any ($1::text[])
  returning 1
),
lost_group as (
  delete from outbox.delivery_groups g where g.lease = any ($1::text[]) returning g.*
),
split as (
  insert into outbox.delivery_rows (endpoint_id, event_id, state, due_at, created_at)
  select g.endpoint_id, e.id, 'pending', g.created_at, g.created_at
  from lost_group g
  cross join lateral unnest(g.event_ids) as e (id)
  order by 1, 2
  on conflict (endpoint_id, event_id) do nothing
  returning 1
)
select (select count(*) from released)::int + (select count(*) from split)::int as released
