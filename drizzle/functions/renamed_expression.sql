-- An expression with the names that the columns of NEW and OLD have now. A column that is gone keeps the name that Postgres gives
-- to what is dropped, so that another column of its old name is not taken for it.
CREATE OR REPLACE FUNCTION outbox.renamed_expression(relation regclass, options json, expression text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(CASE WHEN f.number IS NULL OR a.attname = f.name THEN w.word ELSE quote_ident(coalesce(a.attname, '........pg.dropped........')) END, '' ORDER BY w.place)
  FROM outbox.row_words(expression) AS w
  LEFT JOIN LATERAL (
    SELECT f.key AS name, f.value::int2 AS number
    FROM json_each_text(options->'frozen'->'columns') AS f
    WHERE f.key = w.column_name
      -- The numbers of columns hold for the table that was watched, not for a copy of it.
      AND (SELECT c.oid = (options->'frozen'->>'oid')::oid AND c.reltype = (options->'frozen'->>'type')::oid FROM pg_class c WHERE c.oid = relation)
  ) AS f ON true
  LEFT JOIN LATERAL (
    SELECT CASE WHEN a.attisdropped THEN a.attname
                ELSE (pg_identify_object_as_address('pg_class'::regclass, relation, a.attnum)).object_names[3]::name END AS attname
    FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum = f.number
  ) AS a ON true
$$;
