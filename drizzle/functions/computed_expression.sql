-- An expression for a trigger's row, which does not have the values of virtual columns: each is computed in its place.
CREATE OR REPLACE FUNCTION outbox.computed_expression(relation regclass, options json, expression text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH word AS (
    SELECT w.word, w.place, CASE w.row_name WHEN 'new' THEN c.new_value WHEN 'old' THEN c.old_value END AS computed
    FROM outbox.row_words(expression) AS w
    LEFT JOIN outbox.captured_columns(relation, options) AS c ON c.is_virtual AND c.column_name = w.column_name
  ), replaced AS (
    -- Of `NEW.column` the first two words go.
    SELECT place, CASE WHEN lead(computed) OVER ordered IS NOT NULL OR lead(computed, 2) OVER ordered IS NOT NULL THEN ''
                       ELSE coalesce(computed, word) END AS word
    FROM word
    WINDOW ordered AS (ORDER BY place)
  )
  -- Most tables have none.
  SELECT CASE WHEN NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attgenerated = 'v') THEN expression
              ELSE (SELECT string_agg(word, '' ORDER BY place) FROM replaced) END
$$;
