-- Cancels what still waits for endpoints that were deleted, some at a time.
--
-- $1 limit  int
--
-- Returns one row.
-- -> canceled  int
with waiting as materialized (
  select d.row
  from outbox.endpoints p
  cross join lateral (
    select d.ctid as row
    from outbox.delivery_rows d
    where d.endpoint_id = p.id and d.state = 'pending'
    limit $1::int
    for update skip locked
  ) d
  where p.deleted_at is not null
  limit $1::int
),
canceled as (
  update outbox.delivery_rows d
  set state = 'canceled', reason = 'endpoint deleted', finished_at = clock_timestamp()
  from waiting
  where d.ctid = waiting.row
  returning 1
)
select count(*)::int as canceled from canceled
