-- Which endpoints get an event, why the others do not, and how far each delivery is (drizzle/functions/explain.sql).
--
-- $1 event  text  its public id
select endpoint, url, verdict, delivery_state, reason
from outbox.explain($1::text)
