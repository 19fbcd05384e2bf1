-- May a sender send from the database that it has just connected to (drizzle/functions/identify.sql)?
--
-- $1 address  text  under which it reaches it
-- $2 sender   text
--
-- Returns one row.
-- -> verdict  text  same, copy, older or unknown
select outbox.identify($1::text, $2::text) as verdict
