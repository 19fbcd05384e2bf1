-- Puts an empty partition of `delivered_at_once` or `attempt_rows` in the place of the range's. What must stay of the old ones
-- follows (expire_history.sql): unlike events, records of the range may be written at any moment.
CREATE OR REPLACE FUNCTION outbox.expire_records(job outbox.expiry, parent text, next_step outbox.expiry_step) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  replaced text;
BEGIN
  PERFORM outbox.create_partition(parent, job.first_id, job.generation);
  EXECUTE format('LOCK TABLE ONLY outbox.%I IN ACCESS EXCLUSIVE MODE', parent);
  FOR replaced IN
    SELECT outbox.partition_name(parent, p.first_id, p.generation)
    FROM outbox.partitions p WHERE p.first_id >= job.first_id AND p.first_id < job.until_id
  LOOP
    EXECUTE format('ALTER TABLE outbox.%I DETACH PARTITION outbox.%I', parent, replaced);
  END LOOP;
  PERFORM outbox.attach_partition(parent, job.first_id, job.until_id, job.generation);
  UPDATE outbox.expiry SET step = next_step;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.expire_records FROM PUBLIC;
