-- This listener stops.
--
-- $1 name  text
--
-- Returns nothing.
delete from outbox.listeners where name = $1::text
