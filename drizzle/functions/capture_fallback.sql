-- The rest of a trigger function's body, for a change that its fast part could not write. After a rename or a change of types the
-- expressions are compiled anew for this one row (late_event.sql); if that fails too, the event is `outbox.capture.failed`.
-- outbox.record() writes it, with the rights of the outbox's owner. If even that right is missing, the writer gets a warning, and
-- outbox.capture_health() says what to do.
CREATE OR REPLACE FUNCTION outbox.capture_fallback(watch_id bigint, relation regclass, operation text, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format($body$%s
  BEGIN
    IF outbox_state IS NOT NULL THEN%s
    END IF;
  EXCEPTION WHEN OTHERS THEN
    outbox_type := 'outbox.capture.failed';
    outbox_data := pg_catalog.json_build_object('table', %L, 'operation', %L, 'sqlstate', SQLSTATE);
  END;
  BEGIN
    outbox_way := CASE WHEN outbox.may_record() THEN 1 ELSE 0 END;
  EXCEPTION WHEN OTHERS THEN
    outbox_way := 0;
  END;
  IF outbox_way OPERATOR(pg_catalog.=) 1 THEN
    PERFORM outbox.record(outbox_type, outbox_data, outbox_key, outbox_tenant);
  ELSE
    RAISE WARNING USING MESSAGE = %L, HINT = 'SELECT * FROM outbox.capture_health() says what to do.';
  END IF;
  RETURN NULL;$body$,
    CASE WHEN options->>'type_sql' IS NULL OR operation = 'truncate' THEN format(E'\n  outbox_type := %L;', options->'types'->operation->>0) END,
    CASE WHEN operation = 'truncate' THEN E'\n      RAISE EXCEPTION USING ERRCODE = outbox_state;'
         ELSE format($late$
      SELECT late.type, late.key, late.tenant, late.data INTO outbox_type, outbox_key, outbox_tenant, outbox_data
      FROM outbox.late_event(%s, TG_RELID, %L, NEW, OLD) AS late;
      IF outbox_type IS NULL THEN RETURN NULL; END IF;$late$, watch_id, operation) END,
    shown.name, operation,
    format('The outbox did not capture this %s of %s: %s may not write events.', operation, shown.name, 'the owner of its capture'))
  FROM (SELECT coalesce(options->'frozen'->>'table', outbox.full_name(relation))) AS shown (name)
$$;
