-- Why senders are held (drizzle/functions/held_reason.sql).
--
-- Returns one row.
-- -> reason  text?  copy, older or unknown; null = they are not
select outbox.held_reason() as reason
