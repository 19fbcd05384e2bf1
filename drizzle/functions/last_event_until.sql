-- The last event that happened before a moment; 0 = there is none.
CREATE OR REPLACE FUNCTION outbox.last_event_until(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- The function takes five minutes back. A clock that was set back by up to a minute changes nothing. In a variable, because in
  -- the comparison the planner would call it too, to estimate how many events are left.
  bound CONSTANT bigint := outbox.last_event_before(moment + interval '6 minutes');
BEGIN
  RETURN coalesce((SELECT e.id FROM outbox.events e WHERE e.id <= bound AND e.occurred_at < moment ORDER BY e.id DESC LIMIT 1), 0);
END $$;
