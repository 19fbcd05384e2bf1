-- How long attempts took to be answered, or first attempts to begin, by bucket of time: how many of them up to each bound
-- (drizzle/history.ts).
--
-- $1 endpoint_id     bigint?  null = all endpoints of the tenant, or of everybody
-- $2 tenant          text?    null = everybody's; not asked with an endpoint
-- $3 minutes         int      1 or 60: which rows are added up
-- $4 since           timestamptz  where the first bucket begins
-- $5 bucket_seconds  int
-- $6 buckets         int      how many
-- $7 of_delays       bool     of the delays of first attempts, and not of the durations
--
-- Returns rows.
-- -> bucket  int     from 0
-- -> counts  text    a JSON array
-- -> ms      float8  all of them together
select bucket, found.counts, found.ms
from generate_series(0, $6::int - 1) as bucket
-- Bucket by bucket, as in attempt_series.sql.
cross join lateral (
  select
    json_build_array(
      sum(h.counts[1]), sum(h.counts[2]), sum(h.counts[3]), sum(h.counts[4]),
      sum(h.counts[5]), sum(h.counts[6]), sum(h.counts[7]), sum(h.counts[8]),
      sum(h.counts[9]), sum(h.counts[10]), sum(h.counts[11]), sum(h.counts[12]),
      sum(h.counts[13]), sum(h.counts[14])
    )::text as counts,
    sum(h.ms)::float8 as ms
  from (
    select case when $7::bool then m.delays else m.durations end as counts,
           case when $7::bool then m.delay_ms else m.duration_ms end as ms
    from outbox.attempt_minutes m
    where m.endpoint_id = coalesce($1::bigint, 0)
      and m.tenant = case when $1::bigint is null then coalesce($2::text, '') else '' end
      and m.minutes = $3::int
      and m.begins_at >= $4::timestamptz + make_interval(secs => bucket * $5::int)
      and m.begins_at < $4::timestamptz + make_interval(secs => (bucket + 1) * $5::int)
  ) h
  where h.counts is not null
  having count(*) > 0
) found
