-- Gives deliveries of endpoints with `sequence` their numbers, before they are first sent: 1, 2, 3, … of each endpoint, without
-- a gap. A delivery that has a number keeps it. The two arrays run in parallel.
--
-- The row in `sequences` is locked until the commit, so numbers are given out one transaction after the other, and one that is
-- rolled back takes its numbers with it. What was committed before the lock was had is seen, because each statement of a
-- function has a snapshot of its own. Numbers wait for the disk, also where leases do not: a crash must not give one out twice.
CREATE OR REPLACE FUNCTION outbox.number_deliveries(endpoint_ids bigint[], event_ids bigint[])
RETURNS TABLE (endpoint_id bigint, event_id bigint, number bigint)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO outbox.sequences (endpoint_id)
  SELECT DISTINCT e FROM unnest(endpoint_ids) AS e ORDER BY e
  ON CONFLICT DO NOTHING;
  PERFORM FROM outbox.sequences s WHERE s.endpoint_id = ANY (endpoint_ids) ORDER BY s.endpoint_id FOR UPDATE;
  INSERT INTO outbox.delivery_numbers (endpoint_id, number, event_id)
  SELECT s.endpoint_id, s.last_number + row_number() OVER (PARTITION BY s.endpoint_id ORDER BY d.event_id), d.event_id
  FROM (SELECT DISTINCT * FROM unnest(endpoint_ids, event_ids) AS d (endpoint_id, event_id)) d
  JOIN outbox.sequences s ON s.endpoint_id = d.endpoint_id
  WHERE NOT EXISTS (SELECT FROM outbox.delivery_numbers n WHERE n.event_id = d.event_id AND n.endpoint_id = d.endpoint_id);
  UPDATE outbox.sequences s
  SET last_number = given.last_number
  FROM (SELECT n.endpoint_id, max(n.number) AS last_number
        FROM unnest(endpoint_ids, event_ids) AS d (endpoint_id, event_id)
        JOIN outbox.delivery_numbers n ON n.event_id = d.event_id AND n.endpoint_id = d.endpoint_id
        GROUP BY n.endpoint_id) given
  WHERE s.endpoint_id = given.endpoint_id AND s.last_number < given.last_number;
  RETURN QUERY
  SELECT n.endpoint_id, n.event_id, n.number
  FROM unnest(endpoint_ids, event_ids) AS d (endpoint_id, event_id)
  JOIN outbox.delivery_numbers n ON n.event_id = d.event_id AND n.endpoint_id = d.endpoint_id;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.number_deliveries FROM PUBLIC;
