-- History: adds what senders have tallied to the minutes and hours (drizzle/functions/fold_attempts.sql).
--
-- $1 keep_days    float8  minutes are kept for so long, hours twelve times as long
-- $2 max_tallies  int     at most so many are taken
--
-- Returns one row.
-- -> folded  int  that many were taken
select outbox.fold_attempts(make_interval(secs => $1::float8 * 86400), $2::int) as folded
