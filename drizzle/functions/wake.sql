-- Wakes the listeners for what is not an event: a redelivery, a test, a replay, an endpoint that is active again. Like
-- must_notify.sql it leaves a queue alone that fills up, because a full one would make the commit fail; listeners then poll.
CREATE OR REPLACE FUNCTION outbox.wake() RETURNS void
LANGUAGE sql VOLATILE
RETURN CASE WHEN pg_notification_queue_usage() < 0.5 THEN pg_notify('outbox', '') END;
