-- Wakes the listeners for what is no event: a redelivery, a test, a replay, an endpoint that is active again. Nobody's
-- commit fails because the queue of notifications is full (0019_full_queue.sql): listeners then find it when they poll.
CREATE FUNCTION outbox.wake() RETURNS void
LANGUAGE sql VOLATILE
RETURN CASE WHEN pg_notification_queue_usage() < 0.5 THEN pg_notify('outbox', '') END;
--> statement-breakpoint
-- An endpoint that comes back starts with a clean slate: no open breaker, no old failures.
CREATE OR REPLACE FUNCTION outbox.endpoint_resumed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE outbox.endpoint_health
  SET failures = 0, failing_since = NULL, not_before = NULL, probe_at = NULL, probes = 0, probing = false, slow_start_limit = NULL
  WHERE endpoint_id = NEW.id;
  PERFORM outbox.wake();
  RETURN NULL;
END $$;
