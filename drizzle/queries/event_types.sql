-- Every event type that the watched tables can produce, with the fields of its data (drizzle/migrations/0010_explain.sql).
select type, relation, operations::text[], fields::text
from outbox.event_types()
