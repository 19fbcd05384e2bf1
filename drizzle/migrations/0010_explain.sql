-- Why an event did or did not reach an endpoint, why a row made no event, and whether capture is healthy: in sentences.

CREATE FUNCTION outbox.at(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;
--> statement-breakpoint
-- The same conditions in the same order as drizzle/queries/claim.sql asks them.
CREATE FUNCTION outbox.delivery_story(d outbox.deliveries, l outbox.endpoint_health) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE d.state
    WHEN 'delivered' THEN format('Delivered at %s with attempt %s.', outbox.at(d.finished_at), d.attempt)
    WHEN 'dead' THEN format('Dead since %s: attempt %s failed with %s, and the retry schedule is used up or the receiver wants no more. Redeliver or replay it.',
                            outbox.at(d.finished_at), d.attempt, d.reason)
    WHEN 'canceled' THEN format('Canceled at %s: %s.', outbox.at(d.finished_at), d.reason)
    WHEN 'sending' THEN CASE
      WHEN d.leased_until < clock_timestamp() THEN
        format('Attempt %s was leased by %s, who fell silent; the lease ended at %s, and it will be taken back.', d.attempt, d.lease, outbox.at(d.leased_until))
      ELSE format('Attempt %s is under way, leased by %s until %s.', d.attempt, d.lease, outbox.at(d.leased_until)) END
    WHEN 'pending' THEN coalesce(
      CASE p.state
        WHEN 'paused' THEN 'Waits because the endpoint is paused. Resume it.'
        WHEN 'disabled' THEN format('Waits because the endpoint is disabled (%s). Resume it.', p.disabled_reason) END,
      CASE WHEN l.not_before > clock_timestamp() THEN
        format('The receiver asked for a pause (Retry-After): nothing goes to it before %s.', outbox.at(l.not_before)) END,
      CASE WHEN l.probe_at IS NOT NULL THEN
        format('The circuit breaker is open after %s failures: one probe goes out at %s, the rest waits for its success.', l.failures, outbox.at(l.probe_at)) END,
      (SELECT format('Waits behind event %s of the same key (%s), whose delivery is %s.', outbox.event_id(e.id, e.nonce), e.key, o.state)
       FROM outbox.deliveries o
       JOIN outbox.events e ON e.id = o.event_id
       WHERE o.endpoint_id = d.endpoint_id AND o.ordering_key = d.ordering_key AND o.event_id < d.event_id
         AND o.state IN ('pending', 'sending')
       ORDER BY o.event_id LIMIT 1),
      CASE WHEN d.due_at > clock_timestamp() THEN
        format('Attempt %s is due at %s%s.', d.attempt + 1, outbox.at(d.due_at), coalesce(', because attempt ' || nullif(d.attempt, 0) || ' failed with ' || d.reason, '')) END,
      CASE WHEN l.next_slot_at > clock_timestamp() AND p.rate_per_second IS NOT NULL THEN
        format('Rate-limited to %s per second: the next free slot is at %s.', p.rate_per_second, outbox.at(l.next_slot_at)) END,
      CASE WHEN full_lane.rows >= least(p.max_in_flight, l.slow_start_limit) THEN
        format('%s of %s requests at a time are under way; it follows when one of them ends.', full_lane.rows, least(p.max_in_flight, l.slow_start_limit)) END,
      format('Due since %s: a sender takes it with its next claim%s.', outbox.at(d.due_at),
             CASE WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'listener-%')
                  THEN '' ELSE '. No listener is connected, so that is the cron function, once a minute' END)) END
  FROM outbox.endpoints p
  CROSS JOIN LATERAL (
    SELECT count(*) AS rows FROM outbox.deliveries o WHERE o.endpoint_id = p.id AND o.state = 'sending'
  ) full_lane
  WHERE p.id = d.endpoint_id
$$;
--> statement-breakpoint
-- One row for each endpoint: whether it gets the event, and if not, the first thing that stands against it.
CREATE FUNCTION outbox.explain(event text)
RETURNS TABLE (endpoint text, url text, verdict text, delivery_state outbox.delivery_state, story text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH event AS (
    SELECT e.*, f.event_id IS NOT NULL AS waits
    FROM outbox.events e
    LEFT JOIN outbox.fanout f ON f.event_id = e.id
    WHERE event ~ '^evt_[0-7][0-9a-f]{23}$' AND e.id = ('x' || substr(event, 5, 16))::bit(64)::bigint
      AND outbox.event_id(e.id, e.nonce) = event
  ), judged AS (
    SELECT e.type, e.tenant AS tenant_of_event, p.*, l AS lane, d AS delivery, CASE
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
    LEFT JOIN outbox.endpoint_health l ON l.endpoint_id = p.id
    LEFT JOIN outbox.deliveries d ON d.endpoint_id = p.id AND d.event_id = e.id
  )
  SELECT outbox.endpoint_id(j.id, j.nonce), j.url, j.verdict, (j.delivery).state, CASE j.verdict
    WHEN 'matched' THEN outbox.delivery_story(j.delivery, j.lane)
    WHEN 'type' THEN format('Does not want %s: its event_types are %s.', j.type, coalesce(array_to_string(j.event_types, ', '), 'all but the outbox''s own'))
    WHEN 'tenant' THEN format('Wants only events of tenant %s; this one is of %s.', j.tenant, coalesce('tenant ' || j.tenant_of_event, 'no tenant'))
    WHEN 'created_later' THEN format('Was created at %s, after the event was committed. A replay brings it.', outbox.at(j.created_at))
    WHEN 'deleted' THEN format('Was deleted at %s.', outbox.at(j.deleted_at))
    WHEN 'disabled' THEN format('Is disabled (%s), so no delivery is made. Resume it, then replay.', j.disabled_reason)
    WHEN 'not_fanned_out' THEN 'Wants it. The event is not made into deliveries yet: a listener or the cron function will with its next claim.'
    ELSE 'Would want it now, but did not when the event was made into deliveries: it was disabled, or wanted other events. A replay brings it.'
  END
  FROM judged j
  ORDER BY j.id
$$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.explain IS 'For each endpoint, whether and why it gets this event, and how far its delivery is.';
--> statement-breakpoint
-- The trigger of every watched operation, and whether it fires. One list for explain and for the self-check.
CREATE FUNCTION outbox.capture_triggers() RETURNS TABLE (relation regclass, operation text, healthy boolean, finding text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.relation, o.operation, coalesce(t.tgenabled IN ('O', 'A'), false), CASE
    WHEN c.oid IS NULL THEN format('Table %s was dropped. SELECT outbox.unwatch(%L).', w.relation, w.relation::text)
    WHEN t.oid IS NULL THEN format('The trigger for %s on %s is missing. Call outbox.watch() for it again.', o.operation, w.relation)
    WHEN t.tgenabled IN ('O', 'A') THEN format('The trigger for %s on %s is there and enabled.', o.operation, w.relation)
    ELSE format('The trigger for %s on %s is disabled. ALTER TABLE %s ENABLE TRIGGER %I.', o.operation, w.relation, w.relation, t.tgname) END
  FROM outbox.watches w
  CROSS JOIN LATERAL json_array_elements_text(w.options->'operations') AS o (operation)
  LEFT JOIN pg_class c ON c.oid = w.relation
  LEFT JOIN pg_trigger t ON t.tgrelid = w.relation AND t.tgname = '00_outbox_' || o.operation
$$;
--> statement-breakpoint
-- For a row that made no event: everything that must hold for a change to be captured, in the order it is asked.
CREATE FUNCTION outbox.explain_row(table_name text, key text) RETURNS TABLE (holds boolean, finding text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  asked regclass;
  watched outbox.watches;
  filter record;
  found_row boolean := false;
BEGIN
  BEGIN
    asked := coalesce(to_regclass(table_name), to_regclass('public.' || table_name));
  EXCEPTION WHEN syntax_error OR invalid_name OR feature_not_supported THEN NULL; -- no name of a table
  END;
  IF asked IS NULL THEN
    RETURN QUERY SELECT false, format('There is no table %s. Name it with its schema, for example public.orders.', table_name);
    RETURN;
  END IF;
  SELECT * INTO watched FROM outbox.watches w WHERE w.relation = asked;
  IF watched.id IS NULL THEN
    SELECT w.* INTO watched FROM outbox.watches w WHERE w.relation IN (SELECT pg_partition_ancestors(asked));
  END IF;
  IF watched.id IS NULL THEN
    RETURN QUERY SELECT false, format('%s is not watched. SELECT outbox.watch(%L) captures its changes.', asked, asked::text);
    RETURN;
  END IF;
  RETURN QUERY SELECT true, format('%s is watched since %s.', watched.relation, outbox.at(watched.watched_at));
  RETURN QUERY
    SELECT o.operation = ANY (ARRAY(SELECT json_array_elements_text(watched.options->'operations'))),
           format(CASE WHEN o.operation = ANY (ARRAY(SELECT json_array_elements_text(watched.options->'operations')))
                       THEN '%s is captured.' ELSE '%s is not captured: it is not among the watched operations.' END, o.operation)
    FROM unnest('{insert,update,delete,truncate}'::text[]) WITH ORDINALITY AS o (operation, place) ORDER BY place;
  RETURN QUERY
    SELECT t.healthy, t.finding FROM outbox.capture_triggers() AS t WHERE t.relation = watched.relation;
  IF watched.options->'when_changed' IS NOT NULL THEN
    RETURN QUERY SELECT true, format('An update makes an event only when it changes one of: %s.',
      (SELECT string_agg(c, ', ') FROM json_array_elements_text(watched.options->'when_changed') AS c));
  ELSE
    RETURN QUERY SELECT true, 'An update makes an event when it changes anything at all.'::text;
  END IF;
  FOR filter IN EXECUTE format('SELECT * FROM outbox.capture_%s_explain($1)', watched.id) USING key LOOP
    found_row := true;
    RETURN QUERY SELECT filter.passes, CASE WHEN filter.passes
      THEN format('The condition lets %s of this row, as it is now, pass.', filter.operation)
      ELSE format('The condition drops %s of this row, as it is now: %s', filter.operation, watched.options->>'condition') END;
  END LOOP;
  IF NOT found_row THEN
    RETURN QUERY SELECT false, format('There is no row with the key %s now: the change was rolled back, the row was deleted, or the key is another.', key);
  END IF;
  RETURN QUERY
    SELECT count(*) > 0, CASE WHEN count(*) > 0
      THEN format('There are events with this key, the latest from %s.', outbox.at(max(latest.occurred_at)))
      ELSE 'There is no event with this key. Changes made with outbox.capture = off, or with session_replication_role = replica, make none.' END
    FROM (SELECT e.occurred_at FROM outbox.events e WHERE e.key = outbox.bounded(explain_row.key, 1000) ORDER BY e.id DESC LIMIT 1) AS latest;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.explain_row IS 'Why a row did or did not make an event: the table, its triggers, the filters.';
--> statement-breakpoint
-- The self-check. Each line: what was measured, whether it is fine, and what to do if it is not. It answers at once at any
-- size, and sees all sessions because its owner looks.
CREATE FUNCTION outbox.capture_health() RETURNS TABLE (name text, value double precision, healthy boolean, advice text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'broken_triggers', count(*) FILTER (WHERE NOT healthy)::float8, count(*) FILTER (WHERE NOT healthy) = 0,
         coalesce(string_agg(finding, ' ') FILTER (WHERE NOT healthy), 'Every watched table has its triggers.')
  FROM outbox.capture_triggers()
  UNION ALL
  SELECT 'notify_queue_usage', usage, usage < 0.1,
         CASE WHEN usage < 0.1 THEN 'The queue of notifications is nearly empty.'
              ELSE 'A session that listens sits in an open transaction, and when the queue is full commits fail: find it in pg_stat_activity (state idle in transaction) and end it with pg_terminate_backend().' END
  FROM pg_notification_queue_usage() AS usage
  UNION ALL
  SELECT 'oldest_unfanned_seconds', age, age < 90,
         CASE WHEN age < 90 THEN 'New events become deliveries in time.'
              ELSE 'Nobody makes events into deliveries: start a listener, or look why the cron function fails.' END
  FROM (SELECT coalesce(extract(epoch FROM clock_timestamp() - (
          SELECT e.occurred_at FROM outbox.fanout f JOIN outbox.events e ON e.id = f.event_id ORDER BY f.event_id LIMIT 1))::float8, 0) AS age) AS oldest
  UNION ALL
  SELECT 'oldest_transaction_seconds', age, age < 600,
         CASE WHEN age < 600 THEN 'No old transaction holds back vacuum.'
              ELSE 'A transaction this old keeps vacuum from cleaning the tables, and claims get slower: look at xact_start in pg_stat_activity, and at pg_prepared_xacts.' END
  FROM (SELECT greatest(coalesce(max(extract(epoch FROM clock_timestamp() - started)), 0), 0)::float8 AS age FROM (
          SELECT xact_start FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
          UNION ALL SELECT prepared FROM pg_prepared_xacts) AS transactions (started)) AS oldest
  UNION ALL
  SELECT 'sequence_cache', seqcache::float8, seqcache = 1,
         CASE WHEN seqcache = 1 THEN 'Events of one row get their ids in order.'
              ELSE 'With a cache, events of one row get ids out of order: ALTER SEQUENCE outbox.events_id_seq CACHE 1.' END
  FROM pg_sequence WHERE seqrelid = 'outbox.events_id_seq'::regclass
  UNION ALL
  SELECT 'failed_captures', count(*)::float8, count(*) = 0,
         CASE WHEN count(*) = 0 THEN 'Every change was written down as its watch says.'
              ELSE 'Changes could not be written down as events: look at the latest events of type outbox.capture.failed, mend the expression or call outbox.watch() again.' END
  FROM (SELECT FROM outbox.events e WHERE e.type = 'outbox.capture.failed' AND e.occurred_at > clock_timestamp() - interval '1 day' LIMIT 1000) AS failed
$$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.capture_health IS 'Whether everything is captured, and what to do where not.';
--> statement-breakpoint
-- For the catalogue: every event type that the watched tables can produce, with what its data is made of today.
CREATE FUNCTION outbox.event_types() RETURNS TABLE (type text, relation text, operations text[], fields json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  watched record;
  described json;
BEGIN
  FOR watched IN SELECT w.* FROM outbox.watches w JOIN pg_class c ON c.oid = w.relation ORDER BY outbox.full_name(w.relation) LOOP
    EXECUTE format('SELECT outbox.capture_%s_describe()', watched.id) INTO described;
    RETURN QUERY
    SELECT kind.type, outbox.full_name(watched.relation), array_agg(kind.operation ORDER BY kind.place),
      CASE WHEN watched.options->'data' IS NOT NULL THEN NULL
           WHEN watched.options->'fields' IS NOT NULL THEN (
             SELECT json_agg(outbox.type_description(f.key, (described->>f.key)::oid, true) ORDER BY f.place)
             FROM json_each_text(watched.options->'fields') WITH ORDINALITY AS f (key, value, place))
           ELSE (
             SELECT json_agg(outbox.type_description(c.name, a.type, a.nullable) ORDER BY c.place)
             FROM json_array_elements_text(watched.options->'columns') WITH ORDINALITY AS c (name, place)
             LEFT JOIN outbox.captured_columns(watched.relation) AS a ON a.name = c.name) END
    FROM (
      SELECT t.type, o.key AS operation, array_position('{insert,update,delete,truncate}', o.key) AS place
      FROM json_each(watched.options->'types') AS o (key, value)
      CROSS JOIN LATERAL json_array_elements_text(o.value) AS t (type)
    ) AS kind
    GROUP BY kind.type;
  END LOOP;
END $$;
--> statement-breakpoint
-- A field that cannot be read any more has no type: null.
CREATE FUNCTION outbox.type_description(name text, type oid, nullable boolean) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('name', name, 'type', format_type(base.oid, NULL), 'nullable', nullable,
    'array', element.oid IS NOT NULL,
    'values', CASE WHEN coalesce(element.typtype, base.typtype) = 'e' THEN (
      SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = coalesce(element.oid, base.oid)) END)
  FROM (SELECT) AS one
  LEFT JOIN pg_type given ON given.oid = type
  LEFT JOIN pg_type base ON base.oid = CASE WHEN given.typtype = 'd' THEN given.typbasetype ELSE given.oid END
  LEFT JOIN pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
$$;
