-- The audit can be added to and read, whoever asks.
CREATE FUNCTION outbox.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
    MESSAGE = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || ' can only be added to';
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outbox.audit
FOR EACH STATEMENT EXECUTE FUNCTION outbox.refuse_change();
--> statement-breakpoint
-- Where a time lies among the ids of events: found by halving, some 40 looks into the primary key however many there are.
-- Ids and times are given out together, so they rise together but for clocks that were set back; hence the five minutes.
CREATE FUNCTION outbox.last_event_before(moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE search (low, high) AS (
    SELECT coalesce(min(id) - 1, 0), coalesce(max(id), 0) FROM outbox.events
    UNION ALL
    -- `low` is below the first event of the time, and the last one before it is not above `high`.
    SELECT CASE WHEN early THEN probe.id ELSE low END, CASE WHEN early THEN high ELSE middle END
    FROM search
    CROSS JOIN LATERAL (SELECT low + (high - low) / 2 AS middle) half
    CROSS JOIN LATERAL (
      SELECT e.id, e.occurred_at < moment - interval '5 minutes' AS early
      FROM outbox.events e WHERE e.id > middle ORDER BY e.id LIMIT 1
    ) probe
    WHERE low < high
  )
  SELECT max(low) FROM search
$$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.last_event_before IS 'An event id such that all events of the moment and later, and few others, are above it.';
--> statement-breakpoint
-- An event without a fan-out: whoever asked for it makes the one delivery (drizzle/queries/send_test.sql).
CREATE FUNCTION outbox.record_test(endpoint_id bigint, OUT id bigint, OUT nonce integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO outbox.events AS e (type, data, tenant, actor, traceparent)
  SELECT 'outbox.test', json_build_object('endpoint_id', outbox.endpoint_id(p.id, p.nonce)), p.tenant,
         nullif(current_setting('outbox.actor', true), ''), nullif(current_setting('outbox.traceparent', true), '')
  FROM outbox.endpoints p
  WHERE p.id = record_test.endpoint_id
  RETURNING e.id, e.nonce
$$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.record_test IS 'Writes an event of type outbox.test that is fanned out to nobody.';
--> statement-breakpoint
SELECT outbox.grant_roles();
