-- Capture at a lower price. Measured per single-row update, in CPU time of the server: settings pinned on the function
-- cost 25 to 45 µs, so only those are that the shown types need; and `outbox.capture` in the trigger's WHEN cost every
-- update that was filtered out 7 µs, so the function asks for it. The function's constants are no variables.
CREATE OR REPLACE FUNCTION outbox.capture_body(relation regclass, operation text, options json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_row constant boolean := operation <> 'truncate';
  key_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'key', operation) END;
  tenant_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'tenant', operation) END;
  type_sql text := CASE WHEN has_row THEN outbox.expression_for(options->>'type_sql', operation) END;
BEGIN
  RETURN format($body$
#variable_conflict use_column
DECLARE
  outbox_type text; outbox_data json; outbox_key text; outbox_tenant text;
BEGIN
  IF current_setting('outbox.capture', true) = 'off' THEN RETURN NULL; END IF;
  BEGIN%s
    outbox_data := %s;
  EXCEPTION WHEN OTHERS THEN
    PERFORM outbox.record('outbox.capture.failed',
      json_build_object('table', %L, 'operation', %L, 'sqlstate', SQLSTATE), outbox_key, outbox_tenant);
    RETURN NULL;
  END;
  outbox_key := outbox.record(%s, outbox_data, outbox_key, outbox_tenant);
  RETURN NULL;
END $body$,
    concat(E'\n    outbox_key := (' || key_sql || E'\n    )::text;',
           E'\n    outbox_tenant := (' || tenant_sql || E'\n    )::text;',
           E'\n    outbox_type := (' || type_sql || E'\n    )::text;'),
    outbox.data_sql(relation, operation, options), outbox.full_name(relation), operation,
    CASE WHEN type_sql IS NULL THEN quote_literal(options->'types'->operation->>0) ELSE 'outbox_type' END);
END $$;
--> statement-breakpoint
-- The filters of one operation, for its trigger's WHEN; null where everything passes.
CREATE OR REPLACE FUNCTION outbox.capture_filter(relation regclass, operation text, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT nullif(concat_ws(E'\n  AND ',
    -- Whole rows where every column counts: Postgres refuses to drop or retype a column that a trigger names.
    CASE WHEN operation = 'update' THEN coalesce((
      SELECT '(' || string_agg(when_differs, ' OR ' ORDER BY place) || ')'
      FROM outbox.captured_columns(relation)
      WHERE name IN (SELECT json_array_elements_text(options->'when_changed'))),
      'OLD OPERATOR(pg_catalog.*<>) NEW') END,
    CASE WHEN operation <> 'truncate' THEN '(' || outbox.expression_for(options->>'condition', operation) || E'\n)' END), '')
$$;
--> statement-breakpoint
-- What a session's settings would change in how these types print, pinned.
CREATE FUNCTION outbox.pinned_settings(types oid[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH shown AS (
    SELECT t.oid, t.typtype = 'e' OR t.oid = ANY ('{bool,int2,int4,int8,oid,text,varchar,bpchar,name,uuid,numeric,json,jsonb,date,timestamp,time}'::regtype[]::oid[]) AS is_same
    FROM (
      SELECT CASE WHEN a.typcategory = 'A' AND a.typelem <> 0 THEN a.typelem ELSE a.oid END AS oid
      FROM pg_type a WHERE a.oid = ANY (types)) AS element
    JOIN pg_type t USING (oid)
  )
  SELECT string_agg(DISTINCT pin.setting, ' ')
  FROM shown
  JOIN (VALUES
    ('timestamptz', 'SET "TimeZone" = ''UTC'''),
    ('bytea', 'SET bytea_output = ''hex'''),
    ('float4', 'SET extra_float_digits = 1'),
    ('float8', 'SET extra_float_digits = 1'),
    ('interval', 'SET "IntervalStyle" = ''iso_8601'''),
    ('money', 'SET lc_monetary = ''C'''),
    (NULL, 'SET "DateStyle" = ''ISO''')
  ) AS pin (type, setting)
    -- Of a type that is made of others (a range, a composite, a domain) nothing is known: all of them.
    ON pin.type::regtype::oid = shown.oid
    OR NOT shown.is_same AND NOT shown.oid = ANY ('{timestamptz,bytea,float4,float8,interval,money}'::regtype[]::oid[])
$$;
--> statement-breakpoint
-- The types an event of this watch is printed from: of its data, and of the primary key where that is the key. An
-- expression for the whole data may print anything, like the point (600).
CREATE FUNCTION outbox.printed_types(relation regclass, watch_id bigint, options json) RETURNS oid[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
  described json;
BEGIN
  EXECUTE format('SELECT outbox.capture_%s_describe()', watch_id) INTO described;
  RETURN ARRAY(
    SELECT c.type FROM outbox.captured_columns(relation) AS c
    WHERE c.name IN (SELECT json_array_elements_text(options->'columns'))
    UNION SELECT value::oid FROM json_each_text(described)
    UNION SELECT 600 WHERE options->>'data' IS NOT NULL
    UNION
    -- As text a date depends on the session, too.
    SELECT CASE WHEN a.atttypid = ANY ('{date,timestamp,timestamptz}'::regtype[]::oid[]) THEN 600 ELSE a.atttypid END
    FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
    WHERE i.indrelid = relation AND i.indisprimary AND (options->>'default_key')::boolean);
END $$;
--> statement-breakpoint
-- The trigger's name sorts first: were another trigger to change the row again before, the later event would come before
-- the earlier one.
CREATE OR REPLACE FUNCTION outbox.create_capture(watch_id bigint, relation regclass, operation text, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
  function_name text := format('capture_%s_%s', watch_id, operation);
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION outbox.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = %s %s AS %L$sql$,
    function_name, outbox.capture_path(relation),
    outbox.pinned_settings(outbox.printed_types(relation, watch_id, options)),
    outbox.capture_body(relation, operation, options));
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I() FROM PUBLIC', function_name);
  EXECUTE format('COMMENT ON FUNCTION outbox.%I() IS %L', function_name,
                 format('Captures each %s of %s. Written by outbox.watch().', operation, outbox.full_name(relation)));
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s FOR EACH %s %s EXECUTE FUNCTION outbox.%I()',
                 '00_outbox_' || operation, operation, relation,
                 CASE WHEN operation = 'truncate' THEN 'STATEMENT' ELSE 'ROW' END,
                 'WHEN (' || outbox.capture_filter(relation, operation, options) || ')', function_name);
  PERFORM set_config('search_path', own_path, true);
END $$;
--> statement-breakpoint
-- As before, but described first: what is printed decides what is pinned.
CREATE OR REPLACE FUNCTION outbox.watch(
  relation regclass,
  operations text[] DEFAULT '{insert,update,delete,truncate}',
  type text DEFAULT NULL,
  types json DEFAULT NULL,
  type_sql text DEFAULT NULL,
  possible_types text[] DEFAULT NULL,
  columns text[] DEFAULT NULL,
  except_columns text[] DEFAULT NULL,
  when_changed text[] DEFAULT NULL,
  condition text DEFAULT NULL,
  key text DEFAULT NULL,
  tenant text DEFAULT NULL,
  fields json DEFAULT NULL,
  data text DEFAULT NULL,
  only_own_rows boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  full_options json;
  operation text;
  watch_id bigint;
BEGIN
  PERFORM outbox.check_watchable(relation, only_own_rows);
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
  full_options := outbox.full_watch_options(relation, operations, type, types, type_sql, possible_types, columns,
    except_columns, when_changed, condition, key, tenant, fields, data);
  PERFORM outbox.check_expressions(relation, full_options);
  PERFORM outbox.drop_capture(relation);
  INSERT INTO outbox.watches AS w (relation, options) VALUES (watch.relation, full_options)
  ON CONFLICT ON CONSTRAINT watches_relation DO UPDATE SET options = excluded.options, watched_at = clock_timestamp()
  RETURNING w.id INTO watch_id;
  PERFORM outbox.create_description(watch_id, relation, full_options);
  PERFORM outbox.create_explanation(watch_id, relation, full_options);
  FOREACH operation IN ARRAY operations LOOP
    PERFORM outbox.create_capture(watch_id, relation, operation, full_options);
  END LOOP;
END $$;
--> statement-breakpoint
SELECT outbox.watch('public.orders',
  operations     => '{insert,update}',
  when_changed   => '{status}',
  type_sql       => $$'order.' || NEW.status$$,
  possible_types => '{order.created,order.shipped,order.backorder,order.canceled}',
  tenant         => 'NEW.client_id',
  fields         => $${
    "order_id": "NEW.id",
    "client_id": "NEW.client_id",
    "status": "NEW.status",
    "previous_status": "OLD.status",
    "item_ids": "ARRAY(SELECT item_id FROM public.order_items WHERE order_id = NEW.id ORDER BY item_id)"
  }$$);
