-- The filters of one operation, for its trigger's WHEN; null if every change passes. The condition stands inside the function
-- instead if it calls something that the writer may lack the right to call (create_capture.sql).
CREATE OR REPLACE FUNCTION outbox.capture_filter(relation regclass, operation text, options json, has_condition boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT nullif(concat_ws(E'\n  AND ',
    -- Whole rows if every column counts: Postgres refuses to drop or retype a column that a trigger names. With the star, because
    -- a bare OLD may be the name of a column.
    CASE WHEN operation = 'update' THEN coalesce((
      SELECT '(' || string_agg(when_differs, ' OR ' ORDER BY place) || ')'
      FROM outbox.captured_columns(relation, options)
      WHERE known AND name IN (SELECT json_array_elements_text(options->'when_changed'))),
      '(OLD.*) OPERATOR(pg_catalog.*<>) (NEW.*)') END,
    CASE WHEN operation <> 'truncate' AND has_condition THEN '(' || outbox.expression_for(options->>'condition', operation) || E'\n)' END), '')
$$;
