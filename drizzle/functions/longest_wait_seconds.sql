-- For how long the oldest delivery has been due that nothing holds up: its endpoint is active, its breaker is closed, and its receiver
-- has asked for no pause. Events that are not deliveries yet count too.
CREATE OR REPLACE FUNCTION outbox.longest_wait_seconds() RETURNS double precision
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE scan AS (
    (SELECT endpoint_id FROM outbox.delivery_rows WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT next.endpoint_id
    FROM scan
    CROSS JOIN LATERAL (SELECT endpoint_id FROM outbox.delivery_rows d
                        WHERE d.state = 'pending' AND d.endpoint_id > scan.endpoint_id
                        ORDER BY d.endpoint_id LIMIT 1) AS next
  )
  SELECT greatest(outbox.oldest_unfanned_seconds(), coalesce(max(extract(epoch FROM clock_timestamp() - oldest.due_at)), 0)::float8)
  FROM scan
  JOIN outbox.endpoints p ON p.id = scan.endpoint_id AND p.state = 'active'
  JOIN outbox.endpoint_health l ON l.endpoint_id = p.id AND l.probe_at IS NULL
                               AND (l.not_before IS NULL OR l.not_before < clock_timestamp())
  CROSS JOIN LATERAL (SELECT due_at FROM outbox.delivery_rows d
                      WHERE d.endpoint_id = scan.endpoint_id AND d.state = 'pending'
                      ORDER BY due_at LIMIT 1) AS oldest
$$;

REVOKE EXECUTE ON FUNCTION outbox.longest_wait_seconds FROM PUBLIC;
