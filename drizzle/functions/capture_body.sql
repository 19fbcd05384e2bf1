-- Step 2. The body of the trigger function of one operation: it writes the event in the transaction of the change.
-- It does not call outbox.record(), because the call would cost 30 µs more. Measured per single-row update, which itself
-- takes 130 µs, these were saved too:
--   12  CHECK constraints of outbox.events: Postgres reads and plans them anew for every statement. Only functions of the
--       outbox may write there, and they keep to what the constraints said.
--    9  shortening keys that cannot be too long (stored_key_sql.sql): every function in an expression is looked up anew in
--       each transaction.
--    8  one statement that writes both rows; two plain statements cost less.
--    9  settings pinned on the function where nothing shown depends on them (pinned_settings.sql).
-- The function runs with its owner's rights, and most have no search_path of their own. Every operator, function and type
-- in it is written with its schema, so that no look-alike can take its place.
-- An error inside an expression becomes an event of its own, `outbox.capture.failed`, and the writer's transaction goes on.
-- The block that catches it costs 1 µs; it is needed because a column may be dropped after the table was watched.
-- The rest is as in record.sql. It need not ask for a transaction id, because the row change has already caused one.
CREATE OR REPLACE FUNCTION outbox.capture_body(relation regclass, operation text, options json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_row constant boolean := operation <> 'truncate';
  key_sql text := CASE WHEN has_row THEN outbox.expression_for(
    CASE WHEN (options->>'default_key')::boolean THEN outbox.default_key(relation) ELSE options->>'key' END, operation) END;
  tenant_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'tenant', operation) END;
  type_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'type_sql', operation) END;
BEGIN
  RETURN format($body$
#variable_conflict use_column
DECLARE
  outbox_data pg_catalog.json; outbox_key pg_catalog.text; outbox_tenant pg_catalog.text; outbox_type pg_catalog.text;
BEGIN
  IF outbox.capture_is_off() THEN RETURN NULL; END IF;
  BEGIN%s
    outbox_data := %s;
  EXCEPTION WHEN OTHERS THEN
    PERFORM outbox.record('outbox.capture.failed',
      pg_catalog.json_build_object('table', %L, 'operation', %L, 'sqlstate', SQLSTATE), outbox_key, outbox_tenant);
    RETURN NULL;
  END;
  INSERT INTO outbox.events (type, data, key, tenant, actor, traceparent)
  VALUES (%s, outbox_data, %s, %s,
          outbox.context('outbox.actor'), outbox.context('outbox.traceparent'));
  INSERT INTO outbox.fanout (event_id) VALUES (pg_catalog.currval('outbox.events_id_seq'));
  IF outbox.must_notify() THEN NOTIFY outbox; END IF;
  RETURN NULL;
END $body$,
    concat(E'\n    outbox_key := (' || key_sql || E'\n    )::pg_catalog.text;',
           E'\n    outbox_tenant := (' || tenant_sql || E'\n    )::pg_catalog.text;',
           E'\n    outbox_type := (' || type_sql || E'\n    )::pg_catalog.text;'),
    outbox.data_sql(relation, operation, options), outbox.full_name(relation), operation,
    CASE WHEN type_sql IS NULL THEN quote_literal(options->'types'->operation->>0) ELSE 'outbox.event_type(outbox_type)' END,
    CASE WHEN key_sql IS NULL THEN 'NULL' ELSE outbox.stored_key_sql(relation, options) END,
    CASE WHEN tenant_sql IS NULL THEN 'NULL' ELSE 'outbox.bounded(outbox_tenant, 1000)' END);
END $$;

-- Next: worker/claim/fan-out-loop.ts
