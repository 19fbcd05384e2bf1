-- An expression as it reads for one operation. NEW is the row after the change; in a delete it is the row as it was.
CREATE OR REPLACE FUNCTION outbox.expression_for(expression text, operation text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN operation <> 'delete' THEN expression
              -- After a dot it is a column by that name.
              ELSE string_agg(CASE WHEN lower(word) = 'new' AND before !~ '\.\s*$' THEN 'OLD' ELSE word END, '' ORDER BY place) END
  FROM (SELECT word, place, lag(word, 1, '') OVER (ORDER BY place) AS before FROM outbox.expression_words(expression)) AS words
$$;
