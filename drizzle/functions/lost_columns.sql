-- The columns that a watch's data shows and the table no longer has, as a list to read; null: none.
CREATE OR REPLACE FUNCTION outbox.lost_columns(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(shown.name, ', ')
  FROM json_array_elements_text(options->'columns') AS shown (name)
  WHERE shown.name NOT IN (SELECT c.name FROM outbox.captured_columns(relation, options) AS c WHERE c.known)
$$;
