-- Takes deliveries out of their groups, each into a row of its own: those whose attempt was no success, which settle.sql then
-- finds under the same lease, or those that were never sent, which wait as if nobody had leased them.
--
-- $1 deliveries[].endpoint_id  bigint as EndpointId
-- $2 deliveries[].group        bigint as EventId  the group's id
-- $3 deliveries[].event_id     bigint as EventId
-- $4 deliveries[].lease        text
-- $5 sent                      bool
--
-- Returns nothing.
with
asked as materialized (
  select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) as a (endpoint_id, group_id, event_id, lease)
),
held as materialized (
  select g.*, a.event_ids as asked
  from (select endpoint_id, group_id, lease, array_agg(event_id) as event_ids from asked group by 1, 2, 3) a
  join outbox.delivery_groups g on g.endpoint_id = a.endpoint_id and g.id = a.group_id and g.lease = a.lease
  order by g.endpoint_id, g.id
  for update of g
),
remaining as materialized (
  select endpoint_id, id, array(select e from unnest(event_ids) as e where e <> all (asked)) as event_ids from held
),
emptied as (
  delete from outbox.delivery_groups g
  using remaining r
  where g.endpoint_id = r.endpoint_id and g.id = r.id and r.event_ids = '{}'
),
reduced as (
  update outbox.delivery_groups g
  set event_ids = r.event_ids
  from remaining r
  where g.endpoint_id = r.endpoint_id and g.id = r.id and r.event_ids <> '{}'
)
insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, due_at, lease, leased_until, created_at)
select h.endpoint_id, a.event_id, case when $5::bool then 'sending' else 'pending' end::outbox.delivery_state,
       $5::bool::int, h.created_at, case when $5::bool then h.lease end, case when $5::bool then h.leased_until end, h.created_at
from asked a
join held h on h.endpoint_id = a.endpoint_id and h.id = a.group_id and a.event_id = any (h.event_ids)
order by 1, 2
on conflict (endpoint_id, event_id) do nothing
