-- SQL that fails once columns of the table have other names or types (columns_are.sql), or because columns that the data shows are gone.
CREATE OR REPLACE FUNCTION outbox.columns_are_sql(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN gone IS NOT NULL THEN format('outbox.refuse_lost(%L, %L) IS NULL', relation, gone)
    ELSE (
      SELECT format('outbox.columns_are(%L::pg_catalog.regclass, %s, %L::pg_catalog.int2[], %L::pg_catalog.name[], %L::pg_catalog.oid[], %L::pg_catalog.int2[])',
                    options->'frozen'->>'oid', options->'frozen'->>'type',
                    array_agg(f.value::int2 ORDER BY c.place), array_agg(c.column_name ORDER BY c.place), array_agg(c.type ORDER BY c.place),
                    coalesce(array_agg(f.value::int2 ORDER BY c.place) FILTER (WHERE c.is_virtual), '{}'))
      FROM outbox.captured_columns(relation, options) AS c
      JOIN json_each_text(options->'frozen'->'columns') AS f ON f.key = c.name
      WHERE c.known) END
  FROM outbox.lost_columns(relation, options) AS gone
$$;
