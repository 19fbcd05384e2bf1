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
  RETURN QUERY
  WITH
  -- One probe of an index for each row. As joins they would be planned while the tables are small, and later read all of them.
  -- Compared as a pair, because on an empty table the index that begins with the endpoint looks as good as the right one.
  wanted AS MATERIALIZED (
    SELECT d.endpoint_id, d.event_id, n.number
    FROM (SELECT DISTINCT * FROM unnest(endpoint_ids, event_ids) AS d (endpoint_id, event_id)) d
    LEFT JOIN LATERAL (
      SELECT n.number
      FROM outbox.delivery_numbers n
      WHERE (n.event_id, n.endpoint_id) >= (d.event_id, d.endpoint_id) AND (n.event_id, n.endpoint_id) <= (d.event_id, d.endpoint_id)
      LIMIT 1
    ) n ON true
  ),
  counter AS MATERIALIZED (
    SELECT w.endpoint_id, w.event_ids, s.row, s.last_number
    FROM (SELECT w.endpoint_id, array_agg(w.event_id ORDER BY w.event_id) AS event_ids
          FROM wanted w
          WHERE w.number IS NULL
          GROUP BY w.endpoint_id) w
    CROSS JOIN LATERAL (
      SELECT s.ctid AS row, s.last_number FROM outbox.sequences s WHERE s.endpoint_id = w.endpoint_id LIMIT 1
    ) s
  ),
  given AS (
    INSERT INTO outbox.delivery_numbers (endpoint_id, number, event_id)
    SELECT c.endpoint_id, c.last_number + e.place, e.event_id
    FROM counter c
    CROSS JOIN LATERAL unnest(c.event_ids) WITH ORDINALITY AS e (event_id, place)
    RETURNING endpoint_id, event_id, number
  ),
  -- By the rows' addresses, which the lock keeps in place.
  moved AS (
    UPDATE outbox.sequences s SET last_number = c.last_number + cardinality(c.event_ids) FROM counter c WHERE s.ctid = c.row
  )
  SELECT w.endpoint_id, w.event_id, w.number FROM wanted w WHERE w.number IS NOT NULL
  UNION ALL
  SELECT g.endpoint_id, g.event_id, g.number FROM given g;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.number_deliveries FROM PUBLIC;
