-- An expression with the names that the columns of NEW and OLD have now.
CREATE OR REPLACE FUNCTION outbox.renamed_expression(relation regclass, options json, expression text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(coalesce(quote_ident(renamed.column_name), w.word), '' ORDER BY w.place)
  FROM (
    SELECT word, place, lag(word) OVER ordered AS dot, lag(word, 2) OVER ordered AS owner
    FROM outbox.expression_words(expression)
    WINDOW ordered AS (ORDER BY place)
  ) AS w
  LEFT JOIN outbox.captured_columns(relation, options) AS renamed
    ON renamed.known AND renamed.name <> renamed.column_name
   AND lower(w.owner) IN ('new', 'old') AND btrim(w.dot) = '.'
   AND renamed.name = CASE WHEN starts_with(w.word, '"') THEN btrim(w.word, '"') ELSE lower(w.word) END
$$;
