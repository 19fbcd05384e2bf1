-- Retention: deletes finished events with their deliveries and attempts, in small steps. An event is finished when each of its
-- deliveries is delivered or canceled. Pending, sending and dead ones stay, however old.
--
-- One step reads the next `max_events` events after `behind`; call it again with `looked_to` until that is null. It does nothing
-- while a replay runs, which may be bringing old events back, or while another purge runs.
CREATE OR REPLACE FUNCTION outbox.purge(older_than interval, max_events integer, behind bigint, OUT purged integer, OUT looked_to bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first bigint;
  gone bigint[];
BEGIN
  purged := 0;
  IF NOT pg_try_advisory_xact_lock(1869967992, 3) THEN RETURN; END IF;
  -- No replay can start before this transaction ends.
  LOCK TABLE outbox.replays IN SHARE ROW EXCLUSIVE MODE NOWAIT;
  IF EXISTS (SELECT FROM outbox.replays WHERE state = 'running') THEN RETURN; END IF;

  SELECT min(id), CASE WHEN count(*) = max_events THEN max(id) END, coalesce(max(id), behind)
  INTO first, looked_to, behind
  FROM (SELECT id FROM outbox.events WHERE id > behind AND occurred_at < clock_timestamp() - older_than
        ORDER BY id LIMIT max_events) AS old;
  IF first IS NULL THEN RETURN; END IF;

  -- By endpoint, because the keys begin with it. Locked, so that none of them becomes due again meanwhile; a delivery that
  -- another session has locked does not count as finished.
  WITH delivery AS MATERIALIZED (
    SELECT d.event_id, d.endpoint_id
    FROM outbox.endpoints p
    CROSS JOIN LATERAL (SELECT d.event_id, d.endpoint_id FROM outbox.delivery_rows d
                        WHERE d.endpoint_id = p.id AND d.event_id BETWEEN first AND behind
                        UNION ALL
                        SELECT o.event_id, o.endpoint_id FROM outbox.delivered_at_once o
                        WHERE o.endpoint_id = p.id AND o.event_id BETWEEN first AND behind) d
  ), finished_row AS MATERIALIZED (
    SELECT d.event_id, d.endpoint_id
    FROM delivery
    JOIN outbox.delivery_rows d ON d.endpoint_id = delivery.endpoint_id AND d.event_id = delivery.event_id
    WHERE d.state IN ('delivered', 'canceled')
    FOR UPDATE OF d SKIP LOCKED
  ), delivered_at_once AS MATERIALIZED (
    SELECT o.event_id, o.endpoint_id
    FROM delivery
    JOIN outbox.delivered_at_once o ON o.endpoint_id = delivery.endpoint_id AND o.event_id = delivery.event_id
    WHERE NOT EXISTS (SELECT FROM outbox.delivery_rows d
                      WHERE d.endpoint_id = o.endpoint_id AND d.event_id = o.event_id)
    FOR UPDATE OF o SKIP LOCKED
  ), finished AS MATERIALIZED (
    SELECT * FROM finished_row UNION ALL SELECT * FROM delivered_at_once
  )
  SELECT array_agg(e.id) INTO gone
  FROM outbox.events e
  WHERE e.id BETWEEN first AND behind AND e.occurred_at < clock_timestamp() - older_than
    AND NOT EXISTS (SELECT FROM outbox.fanout f WHERE f.event_id = e.id)
    AND e.id <> ALL (ARRAY(SELECT m FROM outbox.delivery_groups g CROSS JOIN LATERAL unnest(g.event_ids) AS m))
    AND NOT EXISTS (SELECT FROM delivery
                    LEFT JOIN finished ON finished.event_id = delivery.event_id
                                      AND finished.endpoint_id = delivery.endpoint_id
                    WHERE delivery.event_id = e.id AND finished.event_id IS NULL);

  DELETE FROM outbox.attempt_rows a USING outbox.endpoints p, unnest(gone) AS g (id)
  WHERE a.endpoint_id = p.id AND a.event_id = g.id AND a.event_id BETWEEN first AND behind;
  DELETE FROM outbox.delivery_rows d USING outbox.endpoints p, unnest(gone) AS g (id)
  WHERE d.endpoint_id = p.id AND d.event_id = g.id AND d.event_id BETWEEN first AND behind;
  DELETE FROM outbox.delivered_at_once o USING outbox.endpoints p, unnest(gone) AS g (id)
  WHERE o.endpoint_id = p.id AND o.event_id = g.id AND o.event_id BETWEEN first AND behind;
  DELETE FROM outbox.events WHERE id = ANY (gone);
  purged := coalesce(cardinality(gone), 0);
EXCEPTION
  WHEN lock_not_available THEN looked_to := NULL;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.purge FROM PUBLIC;
