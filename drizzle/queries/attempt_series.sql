-- How many attempts there were, by bucket of time and outcome. Read from the history, in which one row is of a minute or an hour.
--
-- $1 endpoint_id     bigint?  null = all endpoints of the tenant, or of everybody
-- $2 tenant          text?    null = everybody's; not asked with an endpoint
-- $3 minutes         int      1 or 60: which rows are added up
-- $4 since           timestamptz  where the first bucket begins
-- $5 bucket_seconds  int
-- $6 buckets         int      how many
--
-- Returns rows.
-- -> bucket    int     from 0
-- -> outcome   text
-- -> attempts  float8
select bucket, found.outcome, found.attempts
from generate_series(0, $6::int - 1) as bucket
-- Bucket by bucket along the primary key: for all at once the planner would read the whole table, because it takes the columns of
-- the key for independent of each other.
cross join lateral (
  select m.outcome, sum(m.attempts)::float8 as attempts
  from outbox.attempt_minutes m
  where m.endpoint_id = coalesce($1::bigint, 0)
    and m.tenant = case when $1::bigint is null then coalesce($2::text, '') else '' end
    and m.minutes = $3::int
    and m.begins_at >= $4::timestamptz + make_interval(secs => bucket * $5::int)
    and m.begins_at < $4::timestamptz + make_interval(secs => (bucket + 1) * $5::int)
  group by m.outcome
  having sum(m.attempts) <> 0
) found
