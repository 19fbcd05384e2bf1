-- As in 0018_inline_capture.sql, but nobody notifies into a queue that fills up: when it is full, because some session
-- listens and sits in an open transaction, Postgres fails every commit that notifies. Listeners then find events when they
-- poll, and the self-check says what to do. Asked last: while a listener is awake, nobody looks at the queue.
CREATE OR REPLACE FUNCTION outbox.must_notify() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN CASE WHEN current_setting('outbox.notify', true) = 'off' THEN false
            WHEN outbox.someone_is_awake() THEN false
            ELSE pg_notification_queue_usage() < 0.5 END;
