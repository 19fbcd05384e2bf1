-- Makes partitions ahead of the events, and leads new events into the next one when it is time (drizzle/functions).
--
-- $1 max_age_seconds  float8  so long new events go into one partition
--
-- Returns one row.
-- -> ahead   int
-- -> opened  bool
select outbox.add_partitions() as ahead, outbox.open_next_partition(make_interval(secs => $1::float8)) as opened
