-- In how many seconds is there something for a sender to do; not above zero: now; null = nothing waits. Senders that let their
-- database sleep ask it before they do (delivery/sleep.ts). It asks what the heartbeat asks, of the future: new events, the first
-- delivery of each endpoint that may be sent, leases that end, pull endpoints that nobody pulls, and with `maintains`, of one that
-- carries them on, replays and what waits for deleted endpoints. Not the upkeep of partitions, which can wait for the next look.
CREATE OR REPLACE FUNCTION outbox.next_due(maintains boolean) RETURNS double precision
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT extract(epoch FROM least(
    (SELECT clock_timestamp() FROM outbox.fanout LIMIT 1),
    (
      SELECT min(greatest(first.due_at, h.not_before, h.probe_at, h.next_slot_at))
      FROM outbox.endpoints p
      CROSS JOIN LATERAL outbox.first_due(p.id, p.ordering = 'key') first (due_at)
      LEFT JOIN outbox.endpoint_health h ON h.endpoint_id = p.id
      WHERE p.state = 'active' AND p.kind = 'push' AND first.due_at IS NOT NULL
    ),
    (
      SELECT min(d.leased_until)
      FROM outbox.delivery_rows d
      JOIN outbox.endpoints p ON p.id = d.endpoint_id
      WHERE d.state = 'sending' AND p.kind = 'push'
    ),
    (SELECT min(leased_until) FROM outbox.delivery_groups),
    (
      SELECT min(s.pulled_at + make_interval(secs => p.expires_after_idle_seconds))
      FROM outbox.pull_sessions s
      JOIN outbox.endpoints p ON p.id = s.endpoint_id
      WHERE p.state <> 'disabled'
    ),
    (SELECT clock_timestamp() FROM outbox.replays WHERE maintains AND state = 'running' LIMIT 1),
    (
      SELECT clock_timestamp()
      FROM outbox.endpoints p
      WHERE maintains AND p.deleted_at IS NOT NULL
        AND EXISTS (SELECT FROM outbox.delivery_rows d WHERE d.endpoint_id = p.id AND d.state = 'pending')
      LIMIT 1
    )
  ) - clock_timestamp())::double precision
$$;

COMMENT ON FUNCTION outbox.next_due IS 'In how many seconds there is something for a sender to do; null = nothing waits.';
