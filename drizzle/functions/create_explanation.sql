-- Creates the function that finds a row by its key and says, for each operation, whether the condition lets it pass. It runs
-- with the rights of the table's owner, so that explaining needs no rights on the table. A default key is found through the
-- primary key's index.
CREATE OR REPLACE FUNCTION outbox.create_explanation(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  function_name text := format('capture_%s_explain', watch_id);
  row_filters text := (
    SELECT string_agg(format(E'(%L, (%s\n))', operation,
                             coalesce(outbox.expression_for(options->>'condition', operation), 'true')), ', ')
    FROM json_array_elements_text(options->'operations') AS operation WHERE operation <> 'truncate');
  lookup text := format(E'(%s\n) = $1', options->>'key');
BEGIN
  IF (options->>'default_key')::boolean THEN
    SELECT coalesce(min(format('starts_with($1, %1$L) AND NEW.%2$I = substr($1, length(%1$L) + 1)::%3$s',
                               coalesce(options->'frozen'->>'name', c.relname) || '/', a.attname, format_type(a.atttypid, a.atttypmod))), lookup) INTO lookup
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = relation AND i.indisprimary AND i.indnkeyatts = 1;
  END IF;
  EXECUTE format($sql$
    CREATE OR REPLACE FUNCTION outbox.%I(wanted text) RETURNS TABLE (operation text, passes boolean)
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
