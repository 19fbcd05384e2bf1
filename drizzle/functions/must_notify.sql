-- Whether a writer must notify. Not with `ALTER DATABASE … SET outbox.notify = off`: listeners then find events by polling.
-- Not while a listener polls. And not into a queue that fills up because some session listens in an open transaction: once it
-- is full, Postgres fails every commit that notifies. Listeners then poll, and the self-check says what to do. The queue is
-- asked last because that costs most.
CREATE OR REPLACE FUNCTION outbox.must_notify() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN CASE WHEN current_setting('outbox.notify', true) = 'off' THEN false
            WHEN outbox.listener_is_polling() THEN false
            ELSE pg_notification_queue_usage() < 0.5 END;
