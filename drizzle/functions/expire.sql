-- Retention: lets go of events that are older than `max_age`, a partition at a time, each call one step. What is still to be
-- sent or is dead stays, with all that was recorded of it, and so do events of these types for as many days as are given.
--
-- A step that has to lock out writers or senders waits for that at most 50 ms, because whoever comes meanwhile waits behind
-- it. Then it is over within milliseconds, or comes to nothing and is tried again. Returns `go on`, `wait` if something is in the
-- way, or `done`.
CREATE OR REPLACE FUNCTION outbox.expire(max_age interval, types text[], days double precision[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' SET enable_seqscan = on AS $$
DECLARE
  job outbox.expiry;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1869967992, 3) THEN RETURN 'wait'; END IF;
  SELECT * INTO job FROM outbox.expiry;
  CASE coalesce(job.step::text, 'none')
    WHEN 'none' THEN RETURN outbox.begin_expiry(max_age, types, days);
    WHEN 'events' THEN RETURN outbox.expire_events(job, types, days);
    WHEN 'delivered' THEN PERFORM outbox.expire_records(job, 'delivered_at_once', 'attempts');
    WHEN 'attempts' THEN PERFORM outbox.expire_records(job, 'attempt_rows', 'history');
    WHEN 'history' THEN PERFORM outbox.expire_history(job);
    WHEN 'deliveries' THEN PERFORM outbox.expire_deliveries(job);
  END CASE;
  RETURN 'go on';
EXCEPTION
  WHEN lock_not_available THEN RETURN 'wait';
END $$;

COMMENT ON FUNCTION outbox.expire IS 'One step of letting go of events that are past the retention time.';

REVOKE EXECUTE ON FUNCTION outbox.expire FROM PUBLIC;
