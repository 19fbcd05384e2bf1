-- Why a row of a table did or did not make an event.
--
-- $1 table  text
-- $2 key    text
--
-- Returns rows.
-- -> holds    bool
-- -> finding  text
select holds, finding
from outbox.explain_row($1::text, $2::text)
