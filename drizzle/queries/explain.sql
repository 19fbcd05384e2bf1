-- Which endpoints get an event, why the others do not, and how far each delivery is (drizzle/functions/explain.sql).
--
-- $1 event  text  its public id
--
-- Returns rows.
-- -> endpoint        text   its public id
-- -> url             text
-- -> verdict         text
-- -> delivery_state  outbox.delivery_state?
-- -> reason          text
select endpoint, url, verdict, delivery_state, reason
from outbox.explain($1::text)
