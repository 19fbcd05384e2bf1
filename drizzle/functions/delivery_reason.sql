-- Says why a delivery is where it is. It asks the same conditions in the same order as drizzle/queries/claim.sql: keep the two
-- together.
CREATE OR REPLACE FUNCTION outbox.delivery_reason(d outbox.deliveries, h outbox.endpoint_health) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE d.state
    WHEN 'delivered' THEN format('Delivered at %s with attempt %s.', outbox.at(d.finished_at), d.attempt)
    WHEN 'dead' THEN format('Dead since %s: attempt %s failed with %s, and the retry schedule is used up or the receiver wants no more. Redeliver or replay it.',
                            outbox.at(d.finished_at), d.attempt, outbox.failure_words(d))
    WHEN 'canceled' THEN format('Canceled at %s: %s.', outbox.at(d.finished_at), d.reason)
    WHEN 'sending' THEN CASE
      WHEN d.leased_until < clock_timestamp() THEN
        format('Attempt %s was leased by %s, which fell silent. The lease ended at %s, and a sender will rescue the delivery.', d.attempt, d.lease, outbox.at(d.leased_until))
      ELSE format('Attempt %s is under way, leased by %s until %s.', d.attempt, d.lease, outbox.at(d.leased_until)) END
    WHEN 'pending' THEN coalesce(
      CASE p.state
        WHEN 'paused' THEN 'Waits because the endpoint is paused. Resume it.'
        WHEN 'disabled' THEN format('Waits because the endpoint is disabled (%s). Resume it.', p.disabled_reason) END,
      CASE WHEN h.not_before > clock_timestamp() THEN
        format('The receiver asked for a pause (Retry-After): nothing goes to it before %s.', outbox.at(h.not_before)) END,
      CASE WHEN h.probe_at IS NOT NULL THEN
        format('The circuit breaker is open after %s failures: one probe goes out at %s, the rest waits for its success.', h.failures, outbox.at(h.probe_at)) END,
      (SELECT format('Waits behind event %s of the same key (%s), whose delivery is %s.', outbox.event_id(e.id, e.nonce), e.key, o.state)
       FROM outbox.deliveries o
       JOIN outbox.events e ON e.id = o.event_id
       WHERE o.endpoint_id = d.endpoint_id AND o.ordering_key = d.ordering_key AND o.event_id < d.event_id
         AND o.state IN ('pending', 'sending')
       ORDER BY o.event_id LIMIT 1),
      CASE WHEN d.due_at > clock_timestamp() THEN
        format('Attempt %s is due at %s%s.', d.attempt + 1, outbox.at(d.due_at), coalesce(', because attempt ' || nullif(d.attempt, 0) || ' failed with ' || outbox.failure_words(d), '')) END,
      CASE WHEN h.next_slot_at > clock_timestamp() AND p.rate_per_second IS NOT NULL THEN
        format('Rate-limited to %s per second: the next free slot is at %s.', p.rate_per_second, outbox.at(h.next_slot_at)) END,
      CASE WHEN in_flight.rows >= least(p.max_in_flight, h.slow_start_limit) THEN
        format('%s of %s requests at a time are under way; it follows when one of them ends.', in_flight.rows, least(p.max_in_flight, h.slow_start_limit)) END,
      format('Due since %s: a sender takes it with its next claim%s.', outbox.at(d.due_at),
             CASE WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'listener-%')
                  THEN '' ELSE '. No listener is connected, so that is the cron function, once a minute' END)) END
  FROM outbox.endpoints p
  CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM outbox.deliveries o WHERE o.endpoint_id = p.id AND o.state = 'sending'
  ) in_flight
  WHERE p.id = d.endpoint_id
$$;
