-- SQL for a JSON object. A function takes at most 100 arguments, so a wide object is made from a row.
CREATE OR REPLACE FUNCTION outbox.json_object_sql(names text[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN count(*) <= 50
              THEN format('pg_catalog.json_build_object(%s)', string_agg(format('%L, %s', name, expression), ', ' ORDER BY place))
              ELSE format('(SELECT pg_catalog.row_to_json(captured) FROM (SELECT %s) AS captured)',
                          string_agg(format('%s AS %I', expression, name), ', ' ORDER BY place)) END
  FROM unnest(names, expressions) WITH ORDINALITY AS member (name, expression, place)
$$;
