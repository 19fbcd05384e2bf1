-- A delivery, and what its last attempt was answered. As a function of its own for the same reason as last_event.sql.
CREATE OR REPLACE FUNCTION outbox.delivery_row(of_endpoint bigint, of_event bigint, OUT state outbox.delivery_state, OUT attempt int,
  OUT due_at timestamptz, OUT reason text, OUT created_at timestamptz, OUT finished_at timestamptz, OUT last_status int)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT d.state, d.attempt, d.due_at, d.reason, d.created_at, d.finished_at INTO state, attempt, due_at, reason, created_at, finished_at
  FROM outbox.deliveries d WHERE d.endpoint_id = of_endpoint AND d.event_id = of_event LIMIT 1;
  SELECT a.response_status INTO last_status
  FROM outbox.attempts a WHERE a.endpoint_id = of_endpoint AND a.event_id = of_event ORDER BY a.number DESC LIMIT 1;
END $$;
