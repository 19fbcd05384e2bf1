-- Why a row of a table did or did not make an event (drizzle/migrations/0010_explain.sql).
--
-- $1 table  text
-- $2 key    text
select holds, finding
from outbox.explain_row($1::text, $2::text)
