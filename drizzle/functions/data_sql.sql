-- The event's data as SQL: the fields or the expression that the watch names, else the row before and after. `changed` is SQL
-- for the changed columns; null: it is computed in place.
CREATE OR REPLACE FUNCTION outbox.data_sql(relation regclass, operation text, options json, changed text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  names text[] := ARRAY(SELECT json_array_elements_text(options->'columns'));
  old_row text;
  new_row text;
BEGIN
  IF operation <> 'truncate' AND options->>'data' IS NOT NULL THEN
    RETURN format(E'coalesce(pg_catalog.to_json((%s\n)), ''null'')', outbox.expression_for(options->>'data', operation));
  ELSIF operation <> 'truncate' AND options->>'fields' IS NOT NULL THEN
    RETURN (SELECT outbox.json_object_sql(array_agg(f.key ORDER BY place),
                                          array_agg(format(E'(%s\n)', outbox.expression_for(f.value, operation)) ORDER BY place))
            FROM json_each_text(options->'fields') WITH ORDINALITY AS f (key, value, place));
  END IF;
  SELECT outbox.json_object_sql(array_agg(name ORDER BY place), array_agg(old_value ORDER BY place)),
         outbox.json_object_sql(array_agg(name ORDER BY place), array_agg(new_value ORDER BY place))
  INTO old_row, new_row
  FROM outbox.captured_columns(relation, options)
  WHERE known AND name = ANY (names);
  RETURN outbox.json_object_sql('{table,operation,new,old,changed}', ARRAY[
    quote_literal(coalesce(options->'frozen'->>'table', outbox.full_name(relation))),
    quote_literal(operation),
    CASE WHEN operation IN ('insert', 'update') THEN new_row ELSE 'NULL::pg_catalog.json' END,
    CASE WHEN operation IN ('update', 'delete') THEN old_row ELSE 'NULL::pg_catalog.json' END,
    CASE WHEN operation = 'update' THEN coalesce(changed, outbox.changed_sql(relation, options)) ELSE 'NULL::pg_catalog.text[]' END]);
END $$;
