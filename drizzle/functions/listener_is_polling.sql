-- Whether a listener is polling. A NOTIFY takes a lock that serializes every commit on the server, so writers send one only
-- when all listeners are idle: a polling listener holds an advisory lock, and a writer that gets its shared form knows that
-- nobody polls. worker/wake/notify-suppression.ts says why no event is lost.
-- One expression, so that no cancel can come between taking the lock and giving it back.
CREATE OR REPLACE FUNCTION outbox.listener_is_polling() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN CASE WHEN pg_try_advisory_lock_shared(1869967992, 2) THEN NOT pg_advisory_unlock_shared(1869967992, 2) ELSE true END;

REVOKE EXECUTE ON FUNCTION outbox.listener_is_polling FROM PUBLIC;
