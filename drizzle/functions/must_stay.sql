-- The events of a range of ids that must stay: what is still to be sent or is dead, and types that are kept for longer. Of
-- several patterns that match a type, the longest time counts. Nobody can send again what is dead for a deleted endpoint.
CREATE OR REPLACE FUNCTION outbox.must_stay(first_id bigint, until_id bigint, types text[], days double precision[])
RETURNS TABLE (event_id bigint)
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE type (name) AS (
    (SELECT e.type FROM outbox.events e WHERE cardinality(types) > 0 AND e.id >= $1 AND e.id < $2 ORDER BY e.type LIMIT 1)
    UNION ALL
    SELECT next.type
    FROM type
    CROSS JOIN LATERAL (
      SELECT e.type FROM outbox.events e WHERE e.type > type.name AND e.id >= $1 AND e.id < $2 ORDER BY e.type LIMIT 1
    ) next
  )
  SELECT f.event_id FROM outbox.fanout f WHERE f.event_id >= $1 AND f.event_id < $2
  UNION
  SELECT member FROM outbox.delivery_groups g CROSS JOIN LATERAL unnest(g.event_ids) AS member WHERE member >= $1 AND member < $2
  UNION
  SELECT d.event_id
  FROM outbox.delivery_rows d
  WHERE d.event_id >= $1 AND d.event_id < $2
    AND (d.state IN ('pending', 'sending')
         OR d.state = 'dead' AND EXISTS (SELECT FROM outbox.endpoints p WHERE p.id = d.endpoint_id AND p.deleted_at IS NULL))
  UNION
  SELECT e.id
  FROM type
  CROSS JOIN LATERAL (
    SELECT max(kept.days) AS days FROM unnest(types, days) AS kept (type, days) WHERE outbox.matches(ARRAY[kept.type], type.name)
  ) longest
  JOIN outbox.events e ON e.type = type.name AND e.id >= $1 AND e.id < $2
  WHERE e.occurred_at > clock_timestamp() - make_interval(secs => longest.days * 86400)
$$;

REVOKE EXECUTE ON FUNCTION outbox.must_stay FROM PUBLIC;
