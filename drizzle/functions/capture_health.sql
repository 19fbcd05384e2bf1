-- The self-check. Each line says what was measured, whether it is fine, and what to do if it is not. It is quick at any size,
-- and sees all sessions because it runs with its owner's rights.
CREATE OR REPLACE FUNCTION outbox.capture_health() RETURNS TABLE (name text, value double precision, healthy boolean, advice text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'broken_triggers', count(*) FILTER (WHERE NOT healthy)::float8, count(*) FILTER (WHERE NOT healthy) = 0,
         coalesce(string_agg(message, ' ') FILTER (WHERE NOT healthy), 'Every watched table has its triggers.')
  FROM outbox.capture_triggers()
  UNION ALL
  SELECT 'capture_drift', count(*)::float8, count(*) = 0,
         coalesce(string_agg(concat_ws(' ', d.problem, d.mend), ' '), 'Everything that captures a table is as its watch says.')
  FROM outbox.capture_drift() AS d
  UNION ALL
  SELECT 'notify_queue_usage', usage, usage < 0.1,
         CASE WHEN usage < 0.1 THEN 'The queue of notifications is nearly empty.'
              ELSE 'A session that listens sits in an open transaction, and when the queue is full commits fail: find it in pg_stat_activity (state idle in transaction) and end it with pg_terminate_backend().' END
  FROM pg_notification_queue_usage() AS usage
  UNION ALL
  SELECT 'oldest_unfanned_seconds', age, age < 90,
         CASE WHEN age < 90 THEN 'New events become deliveries in time.'
              ELSE 'New events are not made into deliveries: start a listener, or find out why the cron function fails.' END
  FROM outbox.oldest_unfanned_seconds() AS age
  UNION ALL
  SELECT 'oldest_transaction_seconds', age, age < 600,
         CASE WHEN age < 600 THEN 'No old transaction holds back vacuum.'
              ELSE 'A transaction this old keeps vacuum from cleaning the tables, and claims get slower: see xact_start in pg_stat_activity, and pg_prepared_xacts.' END
  FROM outbox.oldest_transaction_seconds() AS age
  UNION ALL
  SELECT 'sequence_cache', seqcache::float8, seqcache = 1,
         CASE WHEN seqcache = 1 THEN 'Events of one row get their ids in order.'
              ELSE 'With a cache, events of one row get ids out of order: ALTER SEQUENCE outbox.events_id_seq CACHE 1.' END
  FROM pg_sequence WHERE seqrelid = 'outbox.events_id_seq'::regclass
  UNION ALL
  SELECT 'partitions_ahead', count(*)::float8, count(*) >= 2,
         CASE WHEN count(*) >= 2 THEN 'Events to come have their partitions.'
              ELSE 'Nobody makes partitions any more, and without one the writers of watched tables fail: start a listener or the cron function, or call SELECT outbox.add_partitions().' END
  FROM outbox.partitions AS p WHERE p.opened_at IS NULL
  UNION ALL
  SELECT 'failed_captures', count(*)::float8, count(*) = 0,
         CASE WHEN count(*) = 0 THEN 'Every change was captured as its watch says.'
              ELSE 'Changes could not be captured: read the latest events of type outbox.capture.failed, then mend the expression or call outbox.watch() again.' END
  FROM (SELECT FROM outbox.events e WHERE e.type = 'outbox.capture.failed' AND e.occurred_at > clock_timestamp() - interval '1 day' LIMIT 1000) AS failed
$$;

COMMENT ON FUNCTION outbox.capture_health IS 'Whether everything is captured, and what to do if not.';

REVOKE EXECUTE ON FUNCTION outbox.capture_health FROM PUBLIC;
