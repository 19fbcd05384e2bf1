-- For how long the oldest pending delivery had been due, at most, by bucket of time. Buckets in which nobody looked are missing.
--
-- $1 endpoint_id     bigint?  null = all endpoints of the tenant, or of everybody
-- $2 tenant          text?    null = everybody's; not asked with an endpoint
-- $3 since           timestamptz  where the first bucket begins
-- $4 bucket_seconds  int
-- $5 buckets         int      how many
--
-- Returns rows.
-- -> bucket   int     from 0
-- -> seconds  float8
select bucket, coalesce(longest.seconds, 0)::float8 as seconds
from generate_series(0, $5::int - 1) as bucket
-- Bucket by bucket, as in attempt_series.sql.
cross join lateral (
  select max(b.oldest_pending_seconds) as seconds
  from outbox.backlog_minutes b
  where b.endpoint_id = coalesce($1::bigint, 0)
    and b.tenant = case when $1::bigint is null then coalesce($2::text, '') else '' end
    and b.begins_at >= $3::timestamptz + make_interval(secs => bucket * $4::int)
    and b.begins_at < $3::timestamptz + make_interval(secs => (bucket + 1) * $4::int)
) longest
-- The row of all endpoints says that a minute was looked at.
cross join lateral (
  select
  from outbox.backlog_minutes b
  where b.endpoint_id = 0
    and b.tenant = ''
    and b.begins_at >= $3::timestamptz + make_interval(secs => bucket * $4::int)
    and b.begins_at < $3::timestamptz + make_interval(secs => (bucket + 1) * $4::int)
  limit 1
) looked
