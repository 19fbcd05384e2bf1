-- In how many seconds is there something for a sender to do (drizzle/functions/next_due.sql)?
--
-- $1 maintains  bool  the sender carries replays on, and cancels what waits for deleted endpoints
--
-- Returns one row.
-- -> due_in  float8?  not above zero: now; null = nothing waits
select outbox.next_due($1::bool) as due_in
