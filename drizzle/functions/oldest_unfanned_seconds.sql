-- How old the oldest event is that has not become deliveries yet; 0 = there is none.
CREATE OR REPLACE FUNCTION outbox.oldest_unfanned_seconds() RETURNS double precision
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT greatest(coalesce(extract(epoch FROM clock_timestamp() - (
    SELECT e.occurred_at FROM outbox.fanout f JOIN outbox.events e ON e.id = f.event_id ORDER BY f.event_id LIMIT 1)), 0), 0)::float8
$$;

COMMENT ON FUNCTION outbox.oldest_unfanned_seconds IS 'How old the oldest event is that has not become deliveries yet.';
