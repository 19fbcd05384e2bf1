-- Reads a part of a table that was replaced, puts the records of events that stay into the new partition, and drops the table
-- after its last part. A record that came meanwhile is the newer one. Without events that stay there is nothing to read.
CREATE OR REPLACE FUNCTION outbox.expire_history(job outbox.expiry) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  blocks constant bigint := 8192; -- 64 MiB
  old record;
BEGIN
  SELECT parent, outbox.partition_name(parent, p.first_id, p.generation) AS name INTO old
  FROM outbox.partitions p
  CROSS JOIN unnest(ARRAY['delivered_at_once', 'attempt_rows']) AS parent
  WHERE p.first_id >= job.first_id AND p.first_id < job.until_id
    AND to_regclass(format('outbox.%I', outbox.partition_name(parent, p.first_id, p.generation))) IS NOT NULL
  ORDER BY parent, p.first_id LIMIT 1;
  IF NOT FOUND THEN
    UPDATE outbox.expiry SET step = 'deliveries';
  ELSIF job.next_block >= pg_relation_size(format('outbox.%I', old.name)) / current_setting('block_size')::int
     OR NOT EXISTS (SELECT FROM outbox.events e WHERE e.id >= job.first_id AND e.id < job.until_id) THEN
    EXECUTE format('DROP TABLE outbox.%I', old.name);
    UPDATE outbox.expiry SET next_block = 0;
  ELSE
    EXECUTE format(
      'INSERT INTO outbox.%I SELECT r.* FROM outbox.%I r
       WHERE r.ctid >= ''(%s,0)'' AND r.ctid < ''(%s,0)''
         AND r.event_id IN (SELECT e.id FROM outbox.events e WHERE e.id >= %s AND e.id < %s)
       ON CONFLICT DO NOTHING',
      old.parent, old.name, job.next_block, job.next_block + blocks, job.first_id, job.until_id);
    UPDATE outbox.expiry SET next_block = job.next_block + blocks;
  END IF;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.expire_history FROM PUBLIC;
