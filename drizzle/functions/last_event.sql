-- The last event up to an id. As a function of its own, because a session keeps its plan: in a larger statement each mention of
-- the events is planned for each of their partitions again.
CREATE OR REPLACE FUNCTION outbox.last_event(up_to bigint, OUT id bigint, OUT occurred_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT e.id, e.occurred_at INTO id, occurred_at FROM outbox.events e WHERE e.id <= up_to ORDER BY e.id DESC LIMIT 1;
END $$;
