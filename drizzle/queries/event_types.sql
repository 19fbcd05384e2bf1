-- Every event type that the watched tables can produce, with the fields of its data (drizzle/functions/event_types.sql).
--
-- Returns rows.
-- -> type        text
-- -> relation    text
-- -> operations  text[]
-- -> fields      text?   a JSON array; null where an expression makes the whole data, so that it may be anything
-- -> is_row      bool    the fields are the row's columns, shown before and after the change; else they are the data itself
select t.type, t.relation, t.operations::text[], t.fields::text,
       exists (select from outbox.watches w
               where outbox.full_name(w.relation) = t.relation and w.options -> 'columns' is not null) as is_row
from outbox.event_types() as t
