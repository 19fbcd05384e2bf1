-- When the first pending delivery of an endpoint is due that may be sent; null = none is pending. Where events of a key keep
-- their order only the oldest of each key may, and it may wait for its retry while those behind it have been due for long.
CREATE OR REPLACE FUNCTION outbox.first_due(lane bigint, keeps_order boolean) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  max_keys CONSTANT integer := 1000;
  keys integer;
  of_keys timestamptz;
BEGIN
  IF keeps_order THEN
    SELECT count(*), min(k.due_at) FILTER (WHERE k.state = 'pending') INTO keys, of_keys
    FROM outbox.open_keys(lane, NULL, max_keys) k;
    IF of_keys <= clock_timestamp() THEN RETURN of_keys; END IF;
    -- With more keys than were looked at, one behind another is taken to be due: too early does no harm.
    IF keys < max_keys THEN
      RETURN least(of_keys, (SELECT min(d.due_at) FROM outbox.delivery_rows d
                             WHERE d.endpoint_id = lane AND d.state = 'pending' AND d.ordering_key IS NULL));
    END IF;
  END IF;
  RETURN (SELECT d.due_at FROM outbox.delivery_rows d
          WHERE d.endpoint_id = lane AND d.state = 'pending' ORDER BY d.due_at LIMIT 1);
END $$;

COMMENT ON FUNCTION outbox.first_due IS 'When the first pending delivery of an endpoint is due that may be sent; null = none is pending.';
