-- Once a minute: tells the operators' endpoints when a check of the self-check of capture breaks, and when deliveries that nothing
-- holds up have waited longer each minute for five minutes. Each is told once, until it is over. What nobody asks for is not
-- looked up.
CREATE OR REPLACE FUNCTION outbox.raise_alarms() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  past outbox.history;
  broken json;
  names text[];
  waited double precision;
  grown integer;
BEGIN
  SELECT * INTO past FROM outbox.history;
  IF EXISTS (SELECT FROM outbox.endpoints p WHERE p.tenant IS NULL AND p.event_types && outbox.patterns('outbox.capture.broken')) THEN
    SELECT coalesce(array_agg(h.name), '{}'),
           json_agg(json_build_object('name', h.name, 'value', h.value, 'advice', h.advice)) FILTER (WHERE h.name <> ALL (past.broken_checks))
    INTO names, broken
    FROM outbox.capture_health() h
    WHERE NOT h.healthy;
    IF broken IS NOT NULL THEN
      PERFORM outbox.tell_operators('outbox.capture.broken', json_build_object('checks', broken), NULL, NULL);
    END IF;
    UPDATE outbox.history SET broken_checks = names;
  END IF;

  IF EXISTS (SELECT FROM outbox.endpoints p WHERE p.tenant IS NULL AND p.event_types && outbox.patterns('outbox.backlog.growing')) THEN
    waited := outbox.longest_wait_seconds();
    grown := CASE WHEN waited > greatest(30, past.waited_seconds) THEN past.grown_minutes + 1 ELSE 0 END;
    IF grown = 5 THEN
      PERFORM outbox.tell_operators('outbox.backlog.growing',
        json_build_object('oldest_pending_seconds', round(waited::numeric, 1), 'minutes', grown), NULL, NULL);
    END IF;
    UPDATE outbox.history SET waited_seconds = waited, grown_minutes = grown;
  END IF;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.raise_alarms FROM PUBLIC;
