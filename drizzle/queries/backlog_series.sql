-- For how long the oldest pending delivery had been due, at most, by bucket of time. Buckets in which nobody looked are missing.
--
-- $1 endpoint_id     bigint?  null = all endpoints of the tenant, or of everybody
-- $2 tenant          text?    null = everybody's; not asked with an endpoint
-- $3 since           timestamptz  where the first bucket begins
-- $4 until           timestamptz  where the last one ends
-- $5 bucket_seconds  int
--
-- Returns rows.
-- -> bucket   int     from 0
-- -> seconds  float8
select
  floor(extract(epoch from b.begins_at - $3::timestamptz) / $5::int)::int as bucket,
  -- The row of all endpoints says that the minute was looked at.
  max(case when b.endpoint_id = coalesce($1::bigint, 0)
            and b.tenant = case when $1::bigint is null then coalesce($2::text, '') else '' end
           then b.oldest_pending_seconds else 0 end)::float8 as seconds
from outbox.backlog_minutes b
where (b.endpoint_id, b.tenant) in (
    (0, ''), (coalesce($1::bigint, 0), case when $1::bigint is null then coalesce($2::text, '') else '' end)
  )
  and b.begins_at >= $3::timestamptz
  and b.begins_at < $4::timestamptz
group by 1
