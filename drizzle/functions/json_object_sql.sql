-- SQL for a JSON object. A function takes at most 100 arguments, so a wide object is joined from pieces: its text is exactly
-- that of a narrow one, and no name has to be an identifier.
CREATE OR REPLACE FUNCTION outbox.json_object_sql(names text[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH piece AS (
    SELECT number, format('pg_catalog.json_build_object(%s)', string_agg(format('%L, %s', name, expression), ', ' ORDER BY place)) AS sql
    FROM unnest(names, expressions) WITH ORDINALITY AS member (name, expression, place)
    CROSS JOIN LATERAL (SELECT (place - 1) / 50) AS piece (number)
    GROUP BY number
  )
  SELECT CASE WHEN count(*) <= 1 THEN coalesce(min(sql), 'pg_catalog.json_build_object()')
    ELSE format($sql$('{' OPERATOR(pg_catalog.||) %s OPERATOR(pg_catalog.||) '}')::pg_catalog.json$sql$, string_agg(
      format($sql$pg_catalog.left(pg_catalog.substr((%s)::pg_catalog.text, 2), -1)$sql$, sql),
      $sql$ OPERATOR(pg_catalog.||) ', ' OPERATOR(pg_catalog.||) $sql$ ORDER BY number)) END
  FROM piece
$$;
