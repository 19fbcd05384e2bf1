-- Deletes rows of deliveries whose events are gone, and their numbers, some at a time. After the last the range is one partition again, which has
-- what stays.
CREATE OR REPLACE FUNCTION outbox.expire_deliveries(job outbox.expiry) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM outbox.delivery_rows d
  USING (SELECT o.ctid AS row FROM outbox.delivery_rows o
         WHERE o.event_id >= job.first_id AND o.event_id < job.until_id AND o.state IN ('delivered', 'canceled', 'dead')
           AND NOT EXISTS (SELECT FROM outbox.events e WHERE e.id = o.event_id)
         LIMIT 10000 FOR UPDATE SKIP LOCKED) gone
  WHERE d.ctid = gone.row;
  IF FOUND THEN RETURN; END IF;
  DELETE FROM outbox.delivery_numbers n
  USING (SELECT o.ctid AS row FROM outbox.delivery_numbers o
         WHERE o.event_id >= job.first_id AND o.event_id < job.until_id
           AND NOT EXISTS (SELECT FROM outbox.events e WHERE e.id = o.event_id)
         LIMIT 10000) gone
  WHERE n.ctid = gone.row;
  IF FOUND THEN RETURN; END IF;
  UPDATE outbox.partitions p
  SET until_id = job.until_id, generation = job.generation, reduced_at = clock_timestamp(),
      closed_at = (SELECT max(o.closed_at) FROM outbox.partitions o WHERE o.first_id >= job.first_id AND o.first_id < job.until_id)
  WHERE p.first_id = job.first_id;
  DELETE FROM outbox.partitions p WHERE p.first_id > job.first_id AND p.first_id < job.until_id;
  DELETE FROM outbox.expiry;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.expire_deliveries FROM PUBLIC;
