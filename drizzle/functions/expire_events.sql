-- Copies what must stay, some at a time, until nothing is missing; then the copy takes the partitions' place. Readers find
-- every event that stays at any moment, because events never change. Whoever still writes events of the range is waited for.
CREATE OR REPLACE FUNCTION outbox.expire_events(job outbox.expiry, types text[], days double precision[]) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  copy text := outbox.partition_name('events', job.first_id, job.generation);
  copied integer;
  replaced text;
BEGIN
  IF pg_snapshot_xmin(pg_current_snapshot()) <= job.xid THEN RETURN 'wait'; END IF;
  -- With a cache, a session may still hold an id of the range (capture_health.sql says so).
  IF (SELECT s.seqcache > 1 FROM pg_sequence s WHERE s.seqrelid = 'outbox.events_id_seq'::regclass) THEN RETURN 'wait'; END IF;
  IF to_regclass(format('outbox.%I', copy)) IS NULL THEN
    PERFORM outbox.create_partition('events', job.first_id, job.generation);
    -- Lets ATTACH PARTITION trust the content without reading it.
    EXECUTE format('ALTER TABLE outbox.%I ADD CONSTRAINT in_range CHECK (id < %s%s)', copy, job.until_id,
                   CASE WHEN job.first_id > 1 THEN ' AND id >= ' || job.first_id END);
  END IF;
  EXECUTE format(
    'INSERT INTO outbox.%1$I SELECT e.* FROM outbox.events e
     WHERE e.id >= %2$s AND e.id < %3$s
       AND e.id IN (SELECT s.event_id FROM outbox.must_stay(%2$s, %3$s, $1, $2) s
                    WHERE NOT EXISTS (SELECT FROM outbox.%1$I c WHERE c.id = s.event_id) ORDER BY 1 LIMIT 20000)',
    copy, job.first_id, job.until_id) USING types, days;
  GET DIAGNOSTICS copied = ROW_COUNT;
  IF copied > 0 THEN RETURN 'go on'; END IF;
  LOCK TABLE ONLY outbox.events IN ACCESS EXCLUSIVE MODE;
  FOR replaced IN
    SELECT outbox.partition_name('events', p.first_id, p.generation)
    FROM outbox.partitions p WHERE p.first_id >= job.first_id AND p.first_id < job.until_id
  LOOP
    EXECUTE format('DROP TABLE outbox.%I', replaced);
  END LOOP;
  PERFORM outbox.attach_partition('events', job.first_id, job.until_id, job.generation);
  EXECUTE format('ALTER TABLE outbox.%I DROP CONSTRAINT in_range', copy);
  UPDATE outbox.expiry SET step = 'delivered';
  RETURN 'go on';
END $$;

REVOKE EXECUTE ON FUNCTION outbox.expire_events FROM PUBLIC;
