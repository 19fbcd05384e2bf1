-- Why a row of a table did or did not make an event (drizzle/functions/explain_row.sql).
--
-- $1 table  text
-- $2 key    text
--
-- Returns rows.
-- -> passed   bool
-- -> message  text
select passed, message
from outbox.explain_row($1::text, $2::text)
