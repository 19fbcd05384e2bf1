-- SQL for the names of the shown columns that an update has changed.
CREATE OR REPLACE FUNCTION outbox.changed_sql(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog.array_remove(ARRAY[%s]::pg_catalog.text[], NULL)',
                string_agg(format('CASE WHEN %s THEN %L::pg_catalog.text END', replace(differs,
                  -- The same comparison, its operator written with its schema.
                  format('%s IS DISTINCT FROM %s', old_value, new_value),
                  format('%1$s OPERATOR(pg_catalog.<>) %2$s IS TRUE OR (%1$s IS NULL) OPERATOR(pg_catalog.<>) (%2$s IS NULL)',
                         old_value, new_value)), name), ', ' ORDER BY place))
  FROM outbox.captured_columns(relation, options)
  WHERE known AND name IN (SELECT json_array_elements_text(options->'columns'))
$$;
