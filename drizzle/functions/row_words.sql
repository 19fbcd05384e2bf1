-- The words of an expression; where one is a column of NEW or OLD, also which.
CREATE OR REPLACE FUNCTION outbox.row_words(expression text) RETURNS TABLE (word text, place bigint, row_name text, column_name text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT word, place,
         CASE WHEN is_column THEN lower(owner) END,
         CASE WHEN NOT is_column THEN NULL
              WHEN starts_with(word, '"') THEN replace(substr(word, 2, length(word) - 2), '""', '"')
              ELSE lower(word) END
  FROM (
    SELECT w.*, coalesce(lower(owner) IN ('new', 'old') AND btrim(dot, E' \t\n') = '.' AND word ~ '^["[:alpha:]_]', false)
                AND btrim(before, E' \t\n') <> '.' AS is_column
    FROM (
      SELECT word, place, lag(word) OVER ordered AS dot, lag(word, 2) OVER ordered AS owner, lag(word, 3, '') OVER ordered AS before
      FROM outbox.expression_words(expression)
      WINDOW ordered AS (ORDER BY place)
    ) AS w
  ) AS w
$$;
