-- Step 2. The body of the trigger function of one operation: it writes the event in the transaction of the change.
-- It does not call outbox.record(), because the call would cost 30 µs more. Measured per single-row update, which itself
-- takes 130 µs, these were saved too:
--   12  CHECK constraints of outbox.events: Postgres reads and plans them anew for every statement. Only functions of the
--       outbox may write there, and they keep to what the constraints said.
--    9  shortening keys that cannot be too long (stored_key_sql.sql): every function in an expression is looked up anew in
--       each transaction.
--    8  one statement that writes both rows; two plain statements cost less.
--    9  settings pinned on the function where nothing shown depends on them (pinned_settings.sql).
-- The function runs with the rights of the table's owner, and most have no search_path of their own. Every operator, function
-- and type in it is written with its schema, so that no look-alike can take its place.
-- Whatever goes wrong in the first block, the writer's transaction goes on: capture_fallback.sql. The block costs 1 µs. Asking for
-- the rights, which somebody may have taken away since, costs 2 to 4; the right to the schema need not be asked for, because without
-- it the question itself fails. A block that also held the INSERT would give each row a transaction id of its own.
-- The rest is as in record.sql. It need not ask for a transaction id, because the row change has already caused one.
CREATE OR REPLACE FUNCTION outbox.capture_body(
  watch_id bigint, relation regclass, operation text, options json, is_direct boolean, has_condition boolean
) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_row constant boolean := operation <> 'truncate';
  key_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'key', operation) END;
  tenant_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'tenant', operation) END;
  type_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'type_sql', operation) END;
  condition_sql text := CASE WHEN has_row AND has_condition THEN outbox.expression_for(outbox.computed_expression(relation, options, options->>'condition'), operation) END;
  changed_sql text := CASE WHEN operation = 'update' AND options->'columns' IS NOT NULL THEN outbox.changed_sql(relation, options) END;
  is_row_update constant boolean := changed_sql IS NOT NULL;
  shown_change text := CASE WHEN operation = 'update' THEN outbox.shown_change_sql(relation, options, 'outbox_changed') END;
BEGIN
  -- The first expression to be planned also asks whether the columns have their names and types; that costs nothing (columns_are.sql).
  IF condition_sql IS NOT NULL THEN
    condition_sql := format(E'CASE WHEN %s THEN (%s\n) END', outbox.columns_are_sql(relation, options), condition_sql);
  ELSIF changed_sql IS NOT NULL THEN
    changed_sql := format('CASE WHEN %s THEN %s END', outbox.columns_are_sql(relation, options), changed_sql);
  ELSIF shown_change IS NOT NULL THEN
    shown_change := format('(CASE WHEN %s THEN %s END)', outbox.columns_are_sql(relation, options), shown_change);
  ELSIF key_sql IS NOT NULL THEN
    key_sql := format(E'CASE WHEN %s THEN (%s\n) END', outbox.columns_are_sql(relation, options), key_sql);
  END IF;
  RETURN format($body$
#variable_conflict use_column
DECLARE
  outbox_changed pg_catalog.text[]; outbox_data pg_catalog.json; outbox_key pg_catalog.text; outbox_tenant pg_catalog.text;
  outbox_type pg_catalog.text; outbox_state pg_catalog.text; outbox_way pg_catalog.int4;
BEGIN
  IF pg_catalog.current_setting('outbox.capture', true) OPERATOR(pg_catalog.=) 'off' THEN RETURN NULL; END IF;
  BEGIN%s
    outbox_data := %s;%s
  EXCEPTION WHEN OTHERS THEN
    outbox_state := SQLSTATE;
  END;%s%s
END $body$,
    concat(E'\n    IF (' || condition_sql || E'\n    ) IS NOT TRUE THEN RETURN NULL; END IF;',
           E'\n    outbox_changed := ' || changed_sql || ';',
           E'\n    IF NOT ' || shown_change || ' THEN RETURN NULL; END IF;',
           E'\n    outbox_key := (' || key_sql || E'\n    )::pg_catalog.text;',
           E'\n    outbox_tenant := (' || tenant_sql || E'\n    )::pg_catalog.text;',
           E'\n    outbox_type := (' || type_sql || E'\n    )::pg_catalog.text;'),
    outbox.data_sql(relation, operation, options, CASE WHEN is_row_update THEN 'outbox_changed' END),
    CASE WHEN is_direct THEN $direct$
    outbox_way := CASE
      WHEN NOT pg_catalog.has_table_privilege('outbox.events'::pg_catalog.regclass, 'INSERT')
        OR NOT pg_catalog.has_table_privilege('outbox.fanout'::pg_catalog.regclass, 'INSERT')
        OR NOT pg_catalog.has_sequence_privilege('outbox.events_id_seq'::pg_catalog.regclass, 'USAGE') THEN 0
      WHEN outbox.must_notify() THEN 2 ELSE 1 END;$direct$ END,
    CASE WHEN is_direct THEN format($direct$
  IF outbox_way OPERATOR(pg_catalog.>) 0 THEN
    INSERT INTO outbox.events (type, data, key, tenant, actor, traceparent)
    VALUES (%s, outbox_data, %s, %s,
            outbox.context('outbox.actor'), outbox.context('outbox.traceparent'));
    INSERT INTO outbox.fanout (event_id) VALUES (pg_catalog.currval('outbox.events_id_seq'));
    IF outbox_way OPERATOR(pg_catalog.=) 2 THEN NOTIFY outbox; END IF;
    RETURN NULL;
  END IF;$direct$,
      CASE WHEN type_sql IS NULL THEN quote_literal(options->'types'->operation->>0) ELSE 'outbox.event_type(outbox_type)' END,
      CASE WHEN key_sql IS NULL THEN 'NULL' ELSE outbox.stored_key_sql(relation, options) END,
      CASE WHEN tenant_sql IS NULL THEN 'NULL' ELSE 'outbox.bounded(outbox_tenant, 1000)' END) END,
    outbox.capture_fallback(watch_id, relation, operation, options));
END $$;

-- Next: worker/claim/fan-out-loop.ts
