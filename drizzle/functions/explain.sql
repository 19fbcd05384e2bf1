-- One row for each endpoint: whether it gets the event and, if not, the first thing that prevents it.
CREATE OR REPLACE FUNCTION outbox.explain(event text)
RETURNS TABLE (endpoint text, url text, verdict text, delivery_state outbox.delivery_state, reason text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH event AS (
    SELECT e.*, f.event_id IS NOT NULL AS waits
    FROM outbox.events e
    LEFT JOIN outbox.fanout f ON f.event_id = e.id
    -- CASE keeps the order: of two conditions Postgres may check the second first.
    WHERE e.id = CASE WHEN event ~ '^evt_[0-7][0-9a-f]{23}$' THEN ('x' || substr(event, 5, 16))::bit(64)::bigint END
      AND outbox.event_id(e.id, e.nonce) = event
  ), assessed AS (
    SELECT e.type, e.tenant AS tenant_of_event, p.*, h AS health, d AS delivery, CASE
      WHEN d.event_id IS NOT NULL THEN 'matched'
      WHEN NOT outbox.matches(p.event_types, e.type) THEN 'type'
      WHEN p.tenant <> e.tenant OR p.tenant IS NOT NULL AND e.tenant IS NULL THEN 'tenant'
      WHEN e.id <= p.events_after AND pg_visible_in_snapshot(e.xid, p.created_snapshot) THEN 'created_later'
      WHEN p.deleted_at IS NOT NULL THEN 'deleted'
      WHEN p.state = 'disabled' THEN 'disabled'
      WHEN e.waits THEN 'not_fanned_out'
      ELSE 'changed_since' END AS verdict
    FROM event e
    CROSS JOIN outbox.endpoints p
    LEFT JOIN outbox.endpoint_health h ON h.endpoint_id = p.id
    LEFT JOIN outbox.deliveries d ON d.endpoint_id = p.id AND d.event_id = e.id
  )
  SELECT outbox.endpoint_id(a.id, a.nonce), a.url, a.verdict, (a.delivery).state, CASE a.verdict
    WHEN 'matched' THEN outbox.delivery_reason(a.delivery, a.health)
    WHEN 'type' THEN format('Does not want %s: its event_types are %s.', a.type, coalesce(array_to_string(a.event_types, ', '), 'all but the outbox''s own'))
    WHEN 'tenant' THEN format('Wants only events of tenant %s; this one is of %s.', a.tenant, coalesce('tenant ' || a.tenant_of_event, 'no tenant'))
    WHEN 'created_later' THEN format('Was created at %s, after the event was committed. A replay brings it.', outbox.at(a.created_at))
    WHEN 'deleted' THEN format('Was deleted at %s.', outbox.at(a.deleted_at))
    WHEN 'disabled' THEN format('Is disabled (%s), so no delivery is made. Resume it, then replay.', a.disabled_reason)
    WHEN 'not_fanned_out' THEN 'Wants it. The event is not made into deliveries yet: a listener or the cron function will with its next claim.'
    ELSE 'Would want it now, but did not when the event was made into deliveries: it was disabled, or wanted other events. A replay brings it.'
  END
  FROM assessed a
  ORDER BY a.id
$$;

COMMENT ON FUNCTION outbox.explain IS 'For each endpoint, whether and why it gets this event, and how far its delivery is.';
