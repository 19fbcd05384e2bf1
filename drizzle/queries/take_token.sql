-- Takes a token out of a bucket that fills up again with time. Callers at the same time queue for the bucket's row.
--
-- $1 name        text
-- $2 size        float8  tokens in a full bucket
-- $3 per_second  float8  tokens that come back each second
--
-- Returns one row.
-- -> wait_seconds  float8  until there is a token; 0 = it was taken
with
clock as materialized (
  select clock_timestamp() as now
),
-- A bucket that was not used for an hour is full, and a missing one is a full one.
forgotten as (
  delete from outbox.rate_buckets
  where ctid = any (array(
    select ctid
    from outbox.rate_buckets
    where filled_at < (select now from clock) - interval '1 hour' and name <> $1::text
    limit 10
    for update skip locked
  ))
),
taken as (
  insert into outbox.rate_buckets as b (name, tokens, filled_at)
  select $1::text, $2::float8 - 1, now
  from clock
  on conflict (name) do update
  set tokens = least($2::float8, b.tokens + greatest(0, extract(epoch from excluded.filled_at - b.filled_at))::float8 * $3::float8) - 1,
      filled_at = greatest(b.filled_at, excluded.filled_at)
  where b.tokens + greatest(0, extract(epoch from excluded.filled_at - b.filled_at))::float8 * $3::float8 >= 1
  returning 0::float8 as wait_seconds
)
select wait_seconds
from taken
union all
-- As the statement's snapshot saw it: near enough for a Retry-After.
select greatest(0.001, (1 - b.tokens) / $3::float8 - extract(epoch from clock.now - b.filled_at))::float8
from clock
left join outbox.rate_buckets b on b.name = $1::text
where not exists (select from taken)
