-- History: writes down for how long the oldest pending delivery of each endpoint has been due, and of each tenant's endpoints and
-- of all together. Disabled endpoints do not count. One index probe for each endpoint that has anything pending, and one more.
CREATE OR REPLACE FUNCTION outbox.sample_backlog(at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE scan AS (
    (SELECT endpoint_id FROM outbox.delivery_rows WHERE state = 'pending' ORDER BY endpoint_id LIMIT 1)
    UNION ALL
    SELECT next.endpoint_id
    FROM scan
    CROSS JOIN LATERAL (SELECT endpoint_id FROM outbox.delivery_rows d
                        WHERE d.state = 'pending' AND d.endpoint_id > scan.endpoint_id
                        ORDER BY d.endpoint_id LIMIT 1) AS next
  ), waiting AS (
    SELECT p.id, p.tenant, extract(epoch FROM clock_timestamp() - oldest.due_at)::float8 AS seconds
    FROM scan
    JOIN outbox.endpoints p ON p.id = scan.endpoint_id AND p.state <> 'disabled'
    CROSS JOIN LATERAL (SELECT due_at FROM outbox.delivery_rows d
                        WHERE d.endpoint_id = scan.endpoint_id AND d.state = 'pending'
                        ORDER BY due_at LIMIT 1) AS oldest
    WHERE oldest.due_at < clock_timestamp()
  )
  INSERT INTO outbox.backlog_minutes (endpoint_id, tenant, begins_at, oldest_pending_seconds)
  SELECT id, '', at, seconds FROM waiting
  UNION ALL
  SELECT 0, tenant, at, max(seconds) FROM waiting WHERE tenant <> '' GROUP BY tenant
  UNION ALL
  -- This row is there in any case: it says that the minute was looked at.
  SELECT 0, '', at, coalesce(max(seconds), 0) FROM waiting
  ON CONFLICT DO NOTHING
$$;

REVOKE EXECUTE ON FUNCTION outbox.sample_backlog FROM PUBLIC;
