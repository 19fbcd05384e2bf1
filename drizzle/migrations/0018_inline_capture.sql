-- Stop 2. What must share the writer's transaction lives in the database; everything else stays outside.
--
-- What a captured change costs its writer, at its lowest: one function per watch and operation writes the event itself.
-- This file says anew all that decides what such a function looks like; read it instead of 0008_watch.sql and
-- 0015_lean_capture.sql. What was saved, measured on single-row updates in µs, where the update itself takes 130:
--   12  CHECK constraints of outbox.events: Postgres reads and plans them anew for every statement. Only functions of
--       the outbox may write there, and they keep to what the constraints said.
--    9  shortening keys that cannot be too long: every function in an expression is looked up anew in each transaction.
--    8  event and fan-out row written by one statement with two parts; two plain statements cost less.
--   30  outbox.record() called from there: a second function with its owner's rights and its own settings.
--    9  settings pinned on the function (search_path, how types print): only where something shown depends on them.
-- The block that catches failures stays: a column may be dropped after the table was watched. It costs 1.
ALTER TABLE "outbox"."events" DROP CONSTRAINT "events_type";--> statement-breakpoint
ALTER TABLE "outbox"."events" DROP CONSTRAINT "events_key";--> statement-breakpoint
ALTER TABLE "outbox"."events" DROP CONSTRAINT "events_tenant";--> statement-breakpoint
-- Times are found by halving, with outbox.last_event_before().
DROP INDEX "outbox"."events_by_time";--> statement-breakpoint

-- 1. Writing an event. ------------------------------------------------------------------------------------------------
-- Functions of one expression, so that Postgres puts them where they are called; names in them are fixed once and for all.

-- The type itself, or, where it is none, what is left of it: an event's content never makes the writer's transaction fail.
CREATE FUNCTION outbox.event_type(type text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN type ~ '^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$' AND octet_length(type) <= 200 THEN type
            ELSE coalesce(nullif(trim(BOTH '.' FROM
              regexp_replace(regexp_replace(left(type, 100), '[^A-Za-z0-9_.]', '_', 'g'), '\.{2,}', '.', 'g')), ''), 'unnamed') END;
--> statement-breakpoint
-- What travels with the event: set_config('outbox.actor', …, true) in the writer's transaction.
CREATE FUNCTION outbox.context(setting text) RETURNS text
LANGUAGE sql STABLE
RETURN nullif(current_setting(setting, true), '');
--> statement-breakpoint
-- `SET LOCAL outbox.capture = off` loads history quietly.
CREATE FUNCTION outbox.capture_is_off() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('outbox.capture', true) = 'off', false);
--> statement-breakpoint
-- `ALTER DATABASE … SET outbox.notify = off` does without notifications; listeners then find events when they poll.
CREATE FUNCTION outbox.must_notify() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN CASE WHEN current_setting('outbox.notify', true) = 'off' THEN false ELSE NOT outbox.someone_is_awake() END;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION outbox.record(type text, data json, key text, tenant text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
  new_nonce integer;
BEGIN
  -- The transaction gets its id before the event gets one: whoever knows which transactions are in flight then knows
  -- which lower event ids may still appear.
  PERFORM pg_current_xact_id();
  INSERT INTO outbox.events AS e (type, data, key, tenant, actor, traceparent)
  VALUES (outbox.event_type(type), coalesce(data, 'null'), outbox.bounded(key, 1000), outbox.bounded(tenant, 1000),
          outbox.context('outbox.actor'), outbox.context('outbox.traceparent'))
  RETURNING e.id, e.nonce INTO new_id, new_nonce;
  INSERT INTO outbox.fanout (event_id) VALUES (new_id);
  -- First the row, then the look: by now this transaction has an id that a listener falling asleep waits for.
  IF outbox.must_notify() THEN
    -- Constant payload: a payload can be too long, and counting notifications never counts events.
    NOTIFY outbox;
  END IF;
  RETURN outbox.event_id(new_id, new_nonce);
END $$;
--> statement-breakpoint

-- 2. What the function of a watch says. -------------------------------------------------------------------------------
-- It runs with its owner's rights, and most have no search_path of their own: every operator, function and type in it is
-- written with its schema, so that nobody can put a look-alike in the way.

-- As before, with the type's name in full. Where it says IS DISTINCT FROM, it is for a trigger's WHEN, which is resolved
-- once and for all.
CREATE OR REPLACE FUNCTION outbox.differs_sql(type oid, collation_id oid, old_value text, new_value text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN t.typtype = 'e'
                   OR t.oid = ANY ('{bool,int2,int4,int8,oid,date,time,timestamp,timestamptz,uuid}'::regtype[]::oid[])
                   OR t.oid = ANY ('{text,varchar}'::regtype[]::oid[]) AND c.collisdeterministic
              THEN format('%s IS DISTINCT FROM %s', old_value, new_value)
              ELSE format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record', old_value, new_value) END
  FROM pg_type t
  LEFT JOIN pg_collation c ON c.oid = collation_id
  WHERE t.oid = type
$$;
--> statement-breakpoint
-- `<table>/<primary key>`. In a key of several columns a slash inside a value is written %2F, so that no two rows share a key.
CREATE OR REPLACE FUNCTION outbox.default_key(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog.concat(%L, %s)', c.relname || '/', string_agg(
           CASE WHEN cardinality(i.indkey::int2[]) = 1 OR t.typcategory IN ('N', 'D', 'B') THEN format('NEW.%I', a.attname)
                ELSE format($sql$pg_catalog.replace(pg_catalog.replace(NEW.%I::pg_catalog.text, '%%', '%%25'), '/', '%%2F')$sql$, a.attname) END,
           $sql$, '/', $sql$ ORDER BY array_position(i.indkey::int2[], a.attnum)))
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE i.indrelid = relation AND i.indisprimary
  GROUP BY c.relname
$$;
--> statement-breakpoint
-- The key as it is stored. Nothing is looked up to shorten a default key of numbers and uuids: it can't be too long.
CREATE FUNCTION outbox.stored_key_sql(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN (options->>'default_key')::boolean AND count(*) <= 8
                   AND bool_and(a.atttypid = ANY ('{int2,int4,int8,oid,uuid}'::regtype[]::oid[]))
              THEN 'outbox_key' ELSE 'outbox.bounded(outbox_key, 1000)' END
  FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
  WHERE i.indrelid = relation AND i.indisprimary
$$;
--> statement-breakpoint
-- A function takes at most 100 arguments, so a wide object is made of a row.
CREATE OR REPLACE FUNCTION outbox.json_object_sql(names text[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN count(*) <= 50
              THEN format('pg_catalog.json_build_object(%s)', string_agg(format('%L, %s', name, expression), ', ' ORDER BY place))
              ELSE format('(SELECT pg_catalog.row_to_json(captured) FROM (SELECT %s) AS captured)',
                          string_agg(format('%s AS %I', expression, name), ', ' ORDER BY place)) END
  FROM unnest(names, expressions) WITH ORDINALITY AS member (name, expression, place)
$$;
--> statement-breakpoint
-- The event's data as SQL: the fields or the expression that were asked for, else the row before and after.
CREATE OR REPLACE FUNCTION outbox.data_sql(relation regclass, operation text, options json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  names text[] := ARRAY(SELECT json_array_elements_text(options->'columns'));
  old_row text;
  new_row text;
  changed text;
BEGIN
  IF operation <> 'truncate' AND options->>'data' IS NOT NULL THEN
    RETURN format(E'coalesce(pg_catalog.to_json((%s\n)), ''null'')', outbox.expression_for(options->>'data', operation));
  ELSIF operation <> 'truncate' AND options->>'fields' IS NOT NULL THEN
    RETURN (SELECT outbox.json_object_sql(array_agg(f.key ORDER BY place),
                                          array_agg(format(E'(%s\n)', outbox.expression_for(f.value, operation)) ORDER BY place))
            FROM json_each_text(options->'fields') WITH ORDINALITY AS f (key, value, place));
  END IF;
  SELECT outbox.json_object_sql(array_agg(name), array_agg(old_value)),
         outbox.json_object_sql(array_agg(name), array_agg(new_value)),
         format('pg_catalog.array_remove(ARRAY[%s], NULL)',
                string_agg(format('CASE WHEN %s THEN %L::pg_catalog.text END', replace(differs,
                  -- The same with its operator named in full.
                  format('%s IS DISTINCT FROM %s', old_value, new_value),
                  format('%1$s OPERATOR(pg_catalog.<>) %2$s IS TRUE OR (%1$s IS NULL) OPERATOR(pg_catalog.<>) (%2$s IS NULL)',
                         old_value, new_value)), name), ', '))
  INTO old_row, new_row, changed
  FROM outbox.captured_columns(relation)
  WHERE name = ANY (names);
  RETURN outbox.json_object_sql('{table,operation,new,old,changed}', ARRAY[
    quote_literal(outbox.full_name(relation)),
    quote_literal(operation),
    CASE WHEN operation IN ('insert', 'update') THEN new_row ELSE 'NULL::pg_catalog.json' END,
    CASE WHEN operation IN ('update', 'delete') THEN old_row ELSE 'NULL::pg_catalog.json' END,
    CASE WHEN operation = 'update' THEN changed ELSE 'NULL::pg_catalog.text[]' END]);
END $$;
--> statement-breakpoint
-- What one operation of a watched table does. A failure inside an expression becomes an event of its own,
-- `outbox.capture.failed`: the writer's transaction goes on, and somebody sees it. The rest is as in outbox.record(), but
-- for the transaction's id: it has one, because it has changed the row.
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
--> statement-breakpoint

-- 3. What is pinned on it. --------------------------------------------------------------------------------------------
DROP FUNCTION outbox.printed_types(regclass, bigint, json);
--> statement-breakpoint
DROP FUNCTION outbox.pinned_settings(oid[]);
--> statement-breakpoint
-- The settings of the function, for sessions resolve names and print times, bytes, floats and intervals as they like, and
-- events must look the same in all of them. Empty where only columns are shown whose types print alike everywhere. An
-- expression is not looked into: it may call or print anything, so everything is pinned.
CREATE FUNCTION outbox.pinned_settings(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH expression (sql, as_text) AS (
    SELECT options->>'key', true WHERE NOT (options->>'default_key')::boolean
    UNION ALL SELECT options->>'tenant', true
    UNION ALL SELECT options->>'type_sql', true
    UNION ALL SELECT options->>'data', false
    UNION ALL SELECT value, false FROM json_each_text(options->'fields')
  ), readable AS (
    SELECT attname, attnum, atttypid FROM pg_attribute
    -- A virtual column is an expression, too.
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated <> 'v'
  ), shown (type, as_text) AS ( -- type null: no mere column
    SELECT c.atttypid, e.as_text
    FROM expression e
    LEFT JOIN readable c ON c.attname = lower((regexp_match(e.sql, '^\s*(?:new|old)\.([a-z_][a-z0-9_]*)\s*$', 'i'))[1])
    WHERE e.sql IS NOT NULL
    UNION ALL
    SELECT c.atttypid, false
    FROM json_array_elements_text(options->'columns') AS name
    LEFT JOIN readable c ON c.attname = name
    UNION ALL
    SELECT c.atttypid, true
    FROM pg_index i
    JOIN readable c ON c.attnum = ANY (i.indkey::int2[])
    WHERE i.indrelid = relation AND i.indisprimary AND (options->>'default_key')::boolean
  ), printed (type, is_same, as_text) AS (
    SELECT t.oid, t.typtype = 'e' OR t.oid = ANY ('{bool,int2,int4,int8,oid,text,varchar,bpchar,name,uuid,numeric,json,jsonb,date,timestamp,time}'::regtype[]::oid[]), s.as_text
    FROM shown s
    LEFT JOIN pg_type a ON a.oid = s.type
    LEFT JOIN pg_type t ON t.oid = CASE WHEN a.typcategory = 'A' AND a.typelem <> 0 THEN a.typelem ELSE a.oid END
  ), pin (setting, type) AS (VALUES
    (format('search_path = %s', outbox.capture_path(relation)), NULL),
    ('"TimeZone" = ''UTC''', 'timestamptz'),
    ('bytea_output = ''hex''', 'bytea'),
    ('extra_float_digits = 1', 'float4'),
    ('extra_float_digits = 1', 'float8'),
    ('"IntervalStyle" = ''iso_8601''', 'interval'),
    ('lc_monetary = ''C''', 'money'),
    ('"DateStyle" = ''ISO''', NULL)
  ), needed AS (
    SELECT pin.setting
    FROM printed p
    JOIN pin ON pin.type::regtype = p.type
      -- A type that is made of others (a range, a composite, a domain), an expression, and dates as text, which JSON
      -- writes in its own way.
      OR p.type IS NULL
      OR NOT p.is_same AND NOT p.type = ANY ('{timestamptz,bytea,float4,float8,interval,money}'::regtype[]::oid[])
      OR p.as_text AND p.type = ANY ('{date,timestamp,timestamptz}'::regtype[]::oid[])
  )
  SELECT coalesce(string_agg(DISTINCT 'SET ' || setting, ' '), '') FROM needed
$$;
--> statement-breakpoint

-- 4. Putting it there. ------------------------------------------------------------------------------------------------
-- The trigger's name sorts first: were another trigger to change the row again before, the later event would come before
-- the earlier one.
CREATE OR REPLACE FUNCTION outbox.create_capture(watch_id bigint, relation regclass, operation text, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
  function_name text := format('capture_%s_%s', watch_id, operation);
BEGIN
  EXECUTE format('CREATE FUNCTION outbox.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER %s AS %L',
    function_name, outbox.pinned_settings(relation, options), outbox.capture_body(relation, operation, options));
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
-- Everything that is made of a watch's options, made anew.
CREATE FUNCTION outbox.compile_watch(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM outbox.drop_capture(relation);
  PERFORM outbox.create_description(watch_id, relation, options);
  PERFORM outbox.create_explanation(watch_id, relation, options);
  PERFORM outbox.create_capture(watch_id, relation, operation, options)
  FROM json_array_elements_text(options->'operations') AS operation;
END $$;
--> statement-breakpoint
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
  watch_id bigint;
BEGIN
  PERFORM outbox.check_watchable(relation, only_own_rows);
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
  full_options := outbox.full_watch_options(relation, operations, type, types, type_sql, possible_types, columns,
    except_columns, when_changed, condition, key, tenant, fields, data);
  PERFORM outbox.check_expressions(relation, full_options);
  INSERT INTO outbox.watches AS w (relation, options) VALUES (watch.relation, full_options)
  ON CONFLICT ON CONSTRAINT watches_relation DO UPDATE SET options = excluded.options, watched_at = clock_timestamp()
  RETURNING w.id INTO watch_id;
  PERFORM outbox.compile_watch(watch_id, relation, full_options);
END $$;
--> statement-breakpoint
-- What is watched already gets the new functions, too. Somebody else's tables keep their old ones, which go on working.
SELECT outbox.compile_watch(w.id, w.relation, w.options)
FROM outbox.watches w
JOIN pg_class c ON c.oid = w.relation
WHERE pg_has_role(c.relowner, 'USAGE');
