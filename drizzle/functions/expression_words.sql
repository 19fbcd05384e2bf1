-- The words of an expression, and what stands between them. A quoted piece is one word, so that 'NEW' in quotes stays text.
CREATE OR REPLACE FUNCTION outbox.expression_words(expression text) RETURNS TABLE (word text, place bigint)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT found[1], place
  FROM regexp_matches(expression, $re$'(?:[^']|'')*'|"(?:[^"]|"")*"|[[:alnum:]_$]+|[^[:alnum:]_$'"]+|.$re$, 'g')
       WITH ORDINALITY AS words (found, place)
$$;
