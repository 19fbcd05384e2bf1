-- Somebody asks to see the data of an event: that is written to the audit, in the statement that shows it.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 tenant      text?   null = any tenant's
-- $4 actor       text    for the audit
-- $5 request_id  text    for the audit
--
-- Returns one row or none: none where there is no such event.
-- -> data  text
with
asked as materialized (
  select e.id, e.data::text as data
  from outbox.events e
  where e.id = $1::bigint and e.nonce = $2::int and ($3::text is null or e.tenant = $3::text)
),
audited as (
  insert into outbox.audit (who, request_id, action, event_id)
  select $4::text, $5::text, 'event.shown', id
  from asked
)
select data from asked
