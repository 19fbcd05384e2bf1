-- Which endpoints get an event, why the others do not, and how far each delivery is (drizzle/migrations/0010_explain.sql).
--
-- $1 event  text  its public id
select endpoint, url, verdict, delivery_state, story
from outbox.explain($1::text)
