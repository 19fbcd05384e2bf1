-- The first event from an id on (see last_event.sql).
CREATE OR REPLACE FUNCTION outbox.first_event(from_id bigint, OUT id bigint, OUT occurred_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT e.id, e.occurred_at INTO id, occurred_at FROM outbox.events e WHERE e.id >= from_id ORDER BY e.id LIMIT 1;
END $$;
