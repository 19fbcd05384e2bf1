-- outbox.watch(): one call captures the changes of a table. It writes one plpgsql function and one trigger for each
-- operation, so that the hot path has no dynamic SQL and what nobody wants is turned away by the trigger's WHEN.
-- Expressions run with the rights of whoever calls watch, who must own the table: they are trusted like its triggers.

-- The words of an expression with what stands between them; a quoted piece is one word, so that 'NEW' in quotes is text.
CREATE FUNCTION outbox.words(expression text) RETURNS TABLE (word text, place bigint)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT found[1], place
  FROM regexp_matches(expression, $re$'[^']*'|"[^"]*"|[[:alnum:]_$]+|[^[:alnum:]_$'"]+|.$re$, 'g')
       WITH ORDINALITY AS words (found, place)
$$;
--> statement-breakpoint
-- NEW is the row as it is after the change or, where it was deleted, as it was.
CREATE FUNCTION outbox.expression_for(expression text, operation text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN operation <> 'delete' THEN expression
              ELSE string_agg(CASE WHEN lower(word) = 'new' THEN 'OLD' ELSE word END, '' ORDER BY place) END
  FROM outbox.words(expression)
$$;
--> statement-breakpoint
-- Whether a value has changed, for any type: with `=` where equal values print alike, else byte by byte (1.0 is not 1.00,
-- and json, xml or point have no `=` at all).
CREATE FUNCTION outbox.differs_sql(type oid, collation_id oid, old_value text, new_value text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN t.typtype = 'e'
                   OR t.oid = ANY ('{bool,int2,int4,int8,oid,date,time,timestamp,timestamptz,uuid}'::regtype[]::oid[])
                   OR t.oid = ANY ('{text,varchar}'::regtype[]::oid[]) AND c.collisdeterministic
              THEN format('%s IS DISTINCT FROM %s', old_value, new_value)
              ELSE format('ROW(%s)::record OPERATOR(pg_catalog.*<>) ROW(%s)::record', old_value, new_value) END
  FROM pg_type t
  LEFT JOIN pg_collation c ON c.oid = collation_id
  WHERE t.oid = type
$$;
--> statement-breakpoint
-- A table's columns as capture sees them. A virtual column has no value in a trigger's row, so it is computed anew.
CREATE FUNCTION outbox.captured_columns(relation regclass)
RETURNS TABLE (name text, place smallint, type oid, nullable boolean, old_value text, new_value text, differs text, when_differs text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH columns AS (
    SELECT a.attname, a.attnum, a.atttypid, a.attcollation, NOT a.attnotnull AS nullable,
           CASE WHEN a.attgenerated = 'v' THEN pg_get_expr(d.adbin, d.adrelid) END AS computed
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
  ), base AS (
    SELECT string_agg(format('OLD.%1$I AS %1$I', attname), ', ') AS old_row,
           string_agg(format('NEW.%1$I AS %1$I', attname), ', ') AS new_row
    FROM columns WHERE computed IS NULL
  ), readable AS (
    SELECT columns.*,
           CASE WHEN computed IS NULL THEN format('OLD.%I', attname)
                ELSE format('(SELECT %s FROM (SELECT %s) AS base)', computed, old_row) END AS old_value,
           CASE WHEN computed IS NULL THEN format('NEW.%I', attname)
                ELSE format('(SELECT %s FROM (SELECT %s) AS base)', computed, new_row) END AS new_value
    FROM columns CROSS JOIN base
  )
  SELECT attname::text, attnum, atttypid, nullable, old_value, new_value,
         outbox.differs_sql(atttypid, attcollation, old_value, new_value),
         outbox.differs_sql(atttypid, attcollation, format('OLD.%I', attname), format('NEW.%I', attname))
  FROM readable
  ORDER BY attnum
$$;
--> statement-breakpoint
-- A function takes at most 100 arguments, so a wide object is made of a row.
CREATE FUNCTION outbox.json_object_sql(names text[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN count(*) <= 50
              THEN format('json_build_object(%s)', string_agg(format('%L, %s', name, expression), ', ' ORDER BY place))
              ELSE format('(SELECT row_to_json(captured) FROM (SELECT %s) AS captured)',
                          string_agg(format('%s AS %I', expression, name), ', ' ORDER BY place)) END
  FROM unnest(names, expressions) WITH ORDINALITY AS member (name, expression, place)
$$;
--> statement-breakpoint
CREATE FUNCTION outbox.refuse(problem text, hint text DEFAULT 'Nothing was changed.') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'outbox.watch: ' || problem, HINT = hint;
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.check_watchable(relation regclass, only_own_rows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  class pg_class;
  children text;
  relative regclass;
BEGIN
  SELECT * INTO class FROM pg_class WHERE oid = relation;
  IF class.relkind IS DISTINCT FROM 'r' AND class.relkind IS DISTINCT FROM 'p' THEN
    PERFORM outbox.refuse(format('%s is not a table', relation), 'Only tables have rows whose changes a trigger sees.');
  ELSIF class.relpersistence = 't' THEN
    PERFORM outbox.refuse(format('%s is a temporary table', relation), 'Its changes concern one session only.');
  ELSIF class.relnamespace IN ('outbox'::regnamespace, 'pg_catalog'::regnamespace) THEN
    PERFORM outbox.refuse(format('%s belongs to the outbox or to Postgres', relation), 'Watch your own tables.');
  ELSIF NOT pg_has_role(class.relowner, 'USAGE') THEN
    PERFORM outbox.refuse(format('only the owner of %s may watch it', relation),
                          format('Become %s first.', class.relowner::regrole));
  END IF;
  SELECT string_agg(inhrelid::regclass::text, ', ') INTO children FROM pg_inherits WHERE inhparent = relation;
  IF class.relkind = 'r' AND children IS NOT NULL AND NOT only_own_rows THEN
    PERFORM outbox.refuse(format('%s is inherited by %s, whose rows its triggers do not see', relation, children),
                          'Watch those too, and say only_own_rows => true here.');
  END IF;
  SELECT w.relation INTO relative
  FROM outbox.watches w
  WHERE w.relation <> class.oid
    AND (w.relation IN (SELECT pg_partition_ancestors(class.oid)) OR class.oid IN (SELECT pg_partition_ancestors(w.relation)));
  IF relative IS NOT NULL THEN
    PERFORM outbox.refuse(format('%s is watched already, and shares partitions with %s', relative, relation),
                          'Every change would be two events.');
  END IF;
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.check_columns(relation regclass, option text, names text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unknown text;
BEGIN
  SELECT string_agg(format('%I', wanted), ', ') INTO unknown
  FROM unnest(names) AS wanted
  WHERE wanted IS NULL OR wanted NOT IN (SELECT name FROM outbox.captured_columns(relation));
  IF unknown IS NOT NULL OR cardinality(names) = 0 THEN
    PERFORM outbox.refuse(format('%s names %s, which %s does not have', option, coalesce(unknown, 'no column'), relation));
  END IF;
END $$;
--> statement-breakpoint
-- An expression is planned, not run, over a row of the table as NEW and as OLD.
CREATE FUNCTION outbox.check_expression(relation regclass, option text, expression text, type regtype) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
BEGIN
  IF expression IS NULL THEN RETURN; END IF;
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE format(E'SELECT (%s\n)::%s FROM %s AS new CROSS JOIN %s AS old WHERE false', expression, type, relation, relation);
  PERFORM set_config('search_path', own_path, true);
EXCEPTION WHEN OTHERS THEN
  PERFORM outbox.refuse(format('%s is not a usable expression: %s', option, SQLERRM),
                        'It may speak of the columns of NEW and OLD; tables of other schemas are named with their schema.');
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.capture_path(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog, %s, pg_temp', relnamespace::regnamespace) FROM pg_class WHERE oid = relation
$$;
--> statement-breakpoint
-- `<table>/<primary key>`. In a key of several columns a slash inside a value is written %2F, so that no two rows share a key.
CREATE FUNCTION outbox.default_key(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('concat(%L, %s)', c.relname || '/', string_agg(
           CASE WHEN cardinality(i.indkey::int2[]) = 1 OR t.typcategory IN ('N', 'D', 'B') THEN format('NEW.%I', a.attname)
                ELSE format($sql$replace(replace(NEW.%I::text, '%%', '%%25'), '/', '%%2F')$sql$, a.attname) END,
           $sql$, '/', $sql$ ORDER BY array_position(i.indkey::int2[], a.attnum)))
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE i.indrelid = relation AND i.indisprimary
  GROUP BY c.relname
$$;
--> statement-breakpoint
-- What one operation of a watched table does, for its trigger function. A failure inside an expression becomes an event of
-- its own, `outbox.capture.failed`: the writer's transaction goes on, and somebody sees it.
CREATE FUNCTION outbox.capture_body(relation regclass, operation text, options json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  type_sql text := coalesce(options->>'type_sql', quote_literal(options->'types'->operation->>0));
BEGIN
  RETURN format($body$
#variable_conflict use_column
DECLARE
  outbox_type text; outbox_data json; outbox_key text; outbox_tenant text;
BEGIN
  BEGIN
    outbox_key := (%s
    )::text;
    outbox_tenant := (%s
    )::text;
    outbox_type := (%s
    )::text;
    outbox_data := %s;
  EXCEPTION WHEN OTHERS THEN
    outbox_type := 'outbox.capture.failed';
    outbox_data := json_build_object('table', %L, 'operation', %L, 'sqlstate', SQLSTATE);
  END;
  outbox_key := outbox.record(outbox_type, outbox_data, outbox_key, outbox_tenant);
  RETURN NULL;
END $body$,
    CASE WHEN operation = 'truncate' THEN 'NULL' ELSE outbox.expression_for(options->>'key', operation) END,
    CASE WHEN operation = 'truncate' THEN 'NULL' ELSE coalesce(outbox.expression_for(options->>'tenant', operation), 'NULL') END,
    CASE WHEN operation = 'truncate' THEN quote_literal(options->'types'->operation->>0)
         ELSE outbox.expression_for(type_sql, operation) END,
    outbox.data_sql(relation, operation, options), outbox.full_name(relation), operation);
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.full_name(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
$$;
--> statement-breakpoint
-- The event's data as SQL: the fields or the expression that were asked for, else the row before and after.
CREATE FUNCTION outbox.data_sql(relation regclass, operation text, options json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  names text[] := ARRAY(SELECT json_array_elements_text(options->'columns'));
  old_row text;
  new_row text;
  changed text;
BEGIN
  IF operation <> 'truncate' AND options->>'data' IS NOT NULL THEN
    RETURN format(E'to_json((%s\n))', outbox.expression_for(options->>'data', operation));
  ELSIF operation <> 'truncate' AND options->>'fields' IS NOT NULL THEN
    RETURN (SELECT outbox.json_object_sql(array_agg(f.key ORDER BY place),
                                          array_agg(format(E'(%s\n)', outbox.expression_for(f.value, operation)) ORDER BY place))
            FROM json_each_text(options->'fields') WITH ORDINALITY AS f (key, value, place));
  END IF;
  SELECT outbox.json_object_sql(array_agg(name), array_agg(old_value)),
         outbox.json_object_sql(array_agg(name), array_agg(new_value)),
         format('array_remove(ARRAY[%s], NULL)', string_agg(format('CASE WHEN %s THEN %L::text END', differs, name), ', '))
  INTO old_row, new_row, changed
  FROM outbox.captured_columns(relation)
  WHERE name = ANY (names);
  RETURN outbox.json_object_sql('{table,operation,new,old,changed}', ARRAY[
    quote_literal(outbox.full_name(relation)),
    quote_literal(operation),
    CASE WHEN operation IN ('insert', 'update') THEN new_row ELSE 'NULL::json' END,
    CASE WHEN operation IN ('update', 'delete') THEN old_row ELSE 'NULL::json' END,
    CASE WHEN operation = 'update' THEN changed ELSE 'NULL::text[]' END]);
END $$;
--> statement-breakpoint
-- The filters of one operation, for its trigger's WHEN.
CREATE FUNCTION outbox.capture_filter(relation regclass, operation text, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat_ws(E'\n  AND ',
    -- Whole rows where every column counts: Postgres refuses to drop or retype a column that a trigger names.
    CASE WHEN operation = 'update' THEN coalesce((
      SELECT '(' || string_agg(when_differs, ' OR ' ORDER BY place) || ')'
      FROM outbox.captured_columns(relation)
      WHERE name IN (SELECT json_array_elements_text(options->'when_changed'))),
      'OLD OPERATOR(pg_catalog.*<>) NEW') END,
    CASE WHEN operation <> 'truncate' THEN '(' || outbox.expression_for(options->>'condition', operation) || E'\n)' END,
    $sql$current_setting('outbox.capture', true) IS DISTINCT FROM 'off'$sql$)
$$;
--> statement-breakpoint
-- Options as they were given become options in full; every problem is refused by name.
CREATE FUNCTION outbox.full_watch_options(
  relation regclass, operations text[], type text, types json, type_sql text, possible_types text[], columns text[],
  except_columns text[], when_changed text[], condition text, key text, tenant text, fields json, data text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  words constant json := '{"insert": "created", "update": "updated", "delete": "deleted", "truncate": "truncated"}';
  pattern text := coalesce(type, (SELECT relname FROM pg_class WHERE oid = relation) || '.{operation}');
  operation text;
  type_name text;
  types_of json;
BEGIN
  FOREACH operation IN ARRAY coalesce(nullif(operations, '{}'), ARRAY[NULL]) LOOP
    IF operation IS NULL OR words->>operation IS NULL THEN
      PERFORM outbox.refuse(format('operations has %s', coalesce(quote_ident(operation), 'nothing')),
                            'The operations are insert, update, delete and truncate.');
    END IF;
  END LOOP;
  FOR operation IN SELECT json_object_keys(types) LOOP
    IF NOT operation = ANY (operations) THEN
      PERFORM outbox.refuse(format('types has %I, which is none of the watched operations', operation));
    END IF;
  END LOOP;
  IF (type_sql IS NULL) <> (possible_types IS NULL) THEN
    PERFORM outbox.refuse('type_sql and possible_types go together', 'The catalogue must know what the expression can say.');
  ELSIF columns IS NOT NULL AND except_columns IS NOT NULL THEN
    PERFORM outbox.refuse('columns and except_columns exclude each other');
  ELSIF fields IS NOT NULL AND data IS NOT NULL OR (fields IS NOT NULL OR data IS NOT NULL)
        AND (columns IS NOT NULL OR except_columns IS NOT NULL) THEN
    PERFORM outbox.refuse('columns, except_columns, fields and data all say what the data is', 'Use one of them.');
  ELSIF fields IS NOT NULL AND json_typeof(fields) <> 'object' THEN
    PERFORM outbox.refuse('fields is not an object', $hint$For example '{"id": "NEW.id", "status": "NEW.status"}'.$hint$);
  END IF;
  PERFORM outbox.check_columns(relation, 'columns', columns);
  PERFORM outbox.check_columns(relation, 'except_columns', except_columns);
  PERFORM outbox.check_columns(relation, 'when_changed', when_changed);
  -- Columns that are left out of the data make no events either, unless when_changed says so.
  when_changed := coalesce(when_changed, columns, CASE WHEN except_columns IS NOT NULL THEN ARRAY(
    SELECT c.name FROM outbox.captured_columns(relation) AS c WHERE NOT c.name = ANY (except_columns) ORDER BY c.place) END);
  IF columns IS NULL AND fields IS NULL AND data IS NULL THEN
    columns := ARRAY(SELECT c.name FROM outbox.captured_columns(relation) AS c
                     WHERE NOT c.name = ANY (coalesce(except_columns, '{}')) ORDER BY c.place);
    PERFORM outbox.check_columns(relation, 'columns', columns);
  END IF;
  IF coalesce(key, outbox.default_key(relation)) IS NULL THEN
    PERFORM outbox.refuse(format('%s has no primary key', relation), $hint$Say what identifies a row, for example key => 'NEW.code'.$hint$);
  END IF;
  SELECT json_object_agg(o.operation, CASE
           WHEN o.operation <> 'truncate' AND type_sql IS NOT NULL THEN to_json(possible_types)
           ELSE json_build_array(coalesce(types->>o.operation, replace(pattern, '{operation}', words->>o.operation))) END)
  INTO types_of FROM unnest(operations) AS o (operation);
  FOR type_name IN SELECT json_array_elements_text(value) FROM json_each(types_of) LOOP
    IF type_name IS NULL OR type_name !~ '^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$' OR octet_length(type_name) > 200 THEN
      PERFORM outbox.refuse(format('%L can not be an event type', type_name),
                            $hint$Types are letters, digits and _ with dots between them; say for example type => 'invoice.{operation}'.$hint$);
    ELSIF starts_with(type_name, 'outbox.') THEN
      PERFORM outbox.refuse(format('%L is one of the outbox''s own event types', type_name));
    END IF;
  END LOOP;
  RETURN json_strip_nulls(json_build_object(
    'operations', operations, 'types', types_of, 'type_sql', type_sql, 'columns', columns, 'when_changed', when_changed,
    'condition', condition, 'key', coalesce(key, outbox.default_key(relation)), 'default_key', key IS NULL,
    'tenant', tenant, 'fields', fields, 'data', data));
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.check_expressions(relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  operation text;
  field record;
BEGIN
  FOR operation IN SELECT json_array_elements_text(options->'operations') LOOP
    CONTINUE WHEN operation = 'truncate';
    IF operation = 'insert' AND EXISTS (SELECT FROM outbox.words(options->>'condition') AS w WHERE lower(w.word) = 'old') THEN
      PERFORM outbox.refuse('condition speaks of OLD, and an insert has no old row',
                            $hint$Say operations => '{update,delete}', or when_changed to compare old with new.$hint$);
    END IF;
    PERFORM outbox.check_expression(relation, 'condition',
      '(' || outbox.expression_for(options->>'condition', operation) || E'\n) IS TRUE', 'text');
    PERFORM outbox.check_expression(relation, 'key', outbox.expression_for(options->>'key', operation), 'text');
    PERFORM outbox.check_expression(relation, 'tenant', outbox.expression_for(options->>'tenant', operation), 'text');
    PERFORM outbox.check_expression(relation, 'type_sql', outbox.expression_for(options->>'type_sql', operation), 'text');
    PERFORM outbox.check_expression(relation, 'data',
      format(E'to_json((%s\n))', outbox.expression_for(options->>'data', operation)), 'text')
    WHERE options->>'data' IS NOT NULL;
    FOR field IN SELECT * FROM json_each_text(options->'fields') WHERE json_typeof(options->'fields') = 'object' LOOP
      PERFORM outbox.check_expression(relation, format('fields.%s', field.key),
        format(E'to_json((%s\n))', outbox.expression_for(field.value, operation)), 'text');
    END LOOP;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.watch(
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
  FOREACH operation IN ARRAY operations LOOP
    PERFORM outbox.create_capture(watch_id, relation, operation, full_options);
  END LOOP;
  PERFORM outbox.create_explanation(watch_id, relation, full_options);
  PERFORM outbox.create_description(watch_id, relation, full_options);
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.watch IS 'Captures the changes of a table as events; called again, it replaces what it said before. README, "Watch your own tables".';
--> statement-breakpoint
-- Sessions print times, bytes, floats and intervals as they like; events always print them alike. The trigger's name
-- sorts first: were another trigger to change the row again before, the later event would come before the earlier one.
CREATE FUNCTION outbox.create_capture(watch_id bigint, relation regclass, operation text, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
  function_name text := format('capture_%s_%s', watch_id, operation);
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION outbox.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = %s SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO' SET "IntervalStyle" = 'iso_8601'
    SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' AS %L$sql$,
    function_name, outbox.capture_path(relation), outbox.capture_body(relation, operation, options));
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I() FROM PUBLIC', function_name);
  EXECUTE format('COMMENT ON FUNCTION outbox.%I() IS %L', function_name,
                 format('Captures each %s of %s. Written by outbox.watch().', operation, outbox.full_name(relation)));
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s FOR EACH %s WHEN (%s) EXECUTE FUNCTION outbox.%I()',
                 '00_outbox_' || operation, operation, relation,
                 CASE WHEN operation = 'truncate' THEN 'STATEMENT' ELSE 'ROW' END,
                 outbox.capture_filter(relation, operation, options), function_name);
  PERFORM set_config('search_path', own_path, true);
END $$;
--> statement-breakpoint
-- For explain: the operations of a row, found by its key, and whether the condition lets them pass. The table's owner
-- looks, so that who explains needs no rights on the table. By the primary key's index where the key is the default.
CREATE FUNCTION outbox.create_explanation(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  function_name text := format('capture_%s_explain', watch_id);
  row_filters text := (
    SELECT string_agg(format(E'(%L, (%s\n))', operation,
                             coalesce(outbox.expression_for(options->>'condition', operation), 'true')), ', ')
    FROM json_array_elements_text(options->'operations') AS operation WHERE operation <> 'truncate');
  lookup text := format(E'(%s\n) = wanted', options->>'key');
BEGIN
  IF (options->>'default_key')::boolean THEN
    SELECT coalesce(min(format('starts_with(wanted, %1$L) AND NEW.%2$I = substr(wanted, length(%1$L) + 1)::%3$s',
                               c.relname || '/', a.attname, format_type(a.atttypid, a.atttypmod))), lookup) INTO lookup
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = relation AND i.indisprimary AND i.indnkeyatts = 1;
  END IF;
  EXECUTE format($sql$
    CREATE FUNCTION outbox.%I(wanted text) RETURNS TABLE (operation text, passes boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = %s AS %L$sql$,
    function_name, outbox.capture_path(relation), format($body$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT filter.operation, filter.passes IS TRUE
  FROM %s AS new
  CROSS JOIN LATERAL (SELECT new.*) AS old
  CROSS JOIN LATERAL (VALUES %s) AS filter (operation, passes)
  WHERE %s;
EXCEPTION WHEN data_exception THEN RETURN; -- no key of this table
END $body$, relation, coalesce(row_filters, $sql$(NULL, false)$sql$), lookup));
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I FROM PUBLIC', function_name);
  EXECUTE format('GRANT EXECUTE ON FUNCTION outbox.%I TO %s', function_name, (
    SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'outbox'));
END $$;
--> statement-breakpoint
-- For the catalogue: what type each of the event's fields has today.
CREATE FUNCTION outbox.create_description(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  function_name text := format('capture_%s_describe', watch_id);
  described text;
BEGIN
  IF options->'fields' IS NOT NULL THEN
    SELECT outbox.json_object_sql(array_agg(f.key ORDER BY place),
                                  array_agg(format(E'pg_typeof((%s\n))::oid', f.value) ORDER BY place)) INTO described
    FROM json_each_text(options->'fields') WITH ORDINALITY AS f (key, value, place);
  ELSE
    described := quote_literal('{}') || '::json';
  END IF;
  EXECUTE format($sql$
    CREATE FUNCTION outbox.%I() RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = %s AS %L$sql$,
    function_name, outbox.capture_path(relation), format($body$
BEGIN
  RETURN (SELECT %s FROM (SELECT (NULL::%s).*) AS new CROSS JOIN (SELECT (NULL::%s).*) AS old);
EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN RETURN NULL;
END $body$, described, relation, relation));
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I FROM PUBLIC', function_name);
  EXECUTE format('GRANT EXECUTE ON FUNCTION outbox.%I TO %s', function_name, (
    SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'outbox'));
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.drop_capture(relation regclass) RETURNS void
LANGUAGE plpgsql SET client_min_messages = warning AS $$
DECLARE
  capture text;
BEGIN
  FOR capture IN
    SELECT format('outbox.capture_%s_%s', w.id, part)
    FROM outbox.watches w
    CROSS JOIN unnest('{insert,update,delete,truncate,explain,describe}'::text[]) AS part
    WHERE w.relation = drop_capture.relation
  LOOP
    -- Its triggers go with it, those of partitions too.
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', capture);
  END LOOP;
END $$;
--> statement-breakpoint
CREATE FUNCTION outbox.unwatch(relation regclass) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM outbox.drop_capture(relation);
  DELETE FROM outbox.watches w WHERE w.relation = unwatch.relation;
  RETURN FOUND;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.unwatch IS 'Ends the capture of a table, also of one that was dropped (by its number). Events that were written stay. False: it was not watched.';
