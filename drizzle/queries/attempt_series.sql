-- How many attempts there were, by bucket of time and outcome. Read from the history, in which one row is of a minute or an hour.
--
-- $1 endpoint_id     bigint?  null = all endpoints of the tenant, or of everybody
-- $2 tenant          text?    null = everybody's; not asked with an endpoint
-- $3 minutes         int      1 or 60: which rows are added up
-- $4 since           timestamptz  where the first bucket begins
-- $5 until           timestamptz  where the last one ends
-- $6 bucket_seconds  int
--
-- Returns rows.
-- -> bucket    int     from 0
-- -> outcome   text
-- -> attempts  float8
select
  floor(extract(epoch from m.begins_at - $4::timestamptz) / $6::int)::int as bucket,
  m.outcome,
  sum(m.attempts)::float8 as attempts
from outbox.attempt_minutes m
where m.endpoint_id = coalesce($1::bigint, 0)
  and m.tenant = case when $1::bigint is null then coalesce($2::text, '') else '' end
  and m.minutes = $3::int
  and m.begins_at >= $4::timestamptz
  and m.begins_at < $5::timestamptz
group by 1, 2
having sum(m.attempts) <> 0
