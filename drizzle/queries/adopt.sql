-- Says what a database is whose senders are held (drizzle/functions/adopt.sql), and writes it down.
--
-- $1 as_what     text   replacement or new
-- $2 facts       text   JSON: those of the database that is meant
-- $3 max_rows    int    deliveries and events to cancel at most
-- $4 actor       text   for the audit
-- $5 request_id  text   for the audit
--
-- Returns one row.
-- -> outcome   text  adopted, goes on, not held, or other facts
-- -> canceled  int
-- -> paused    int   endpoints
with
adopted as materialized (
  select outcome, canceled, paused from outbox.adopt($1::text, $2::text::jsonb, $3::int)
),
audited as (
  insert into outbox.audit (who, request_id, action, changes)
  select $4::text, $5::text, 'system.adopted',
         jsonb_build_object('as', jsonb_build_object('from', null, 'to', $1::text), 'canceled', jsonb_build_object('from', 0, 'to', canceled),
                            'paused', jsonb_build_object('from', 0, 'to', paused))
  from adopted
  where outcome in ('adopted', 'goes on')
)
select outcome, canceled, paused from adopted
