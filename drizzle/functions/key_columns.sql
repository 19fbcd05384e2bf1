-- The columns of which a table's default key is made, in their order: those of the primary key (an index lists what it merely
-- carries, INCLUDE, after the key). Of a watched table they are those of the primary key that it had then, whatever has become of it.
CREATE OR REPLACE FUNCTION outbox.key_columns(relation regclass, options json) RETURNS TABLE (name name, place integer, type oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  -- Under the name that Postgres gives to what is dropped, so that nothing else is taken for it.
  SELECT coalesce(c.column_name, '........pg.dropped........'), f.place::integer, c.type
  FROM json_array_elements_text(options->'frozen'->'key') WITH ORDINALITY AS f (name, place)
  LEFT JOIN outbox.captured_columns(relation, options) AS c ON c.known AND c.name = f.name
  UNION ALL
  SELECT a.attname, k.place::integer, a.atttypid
  FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE i.indrelid = relation AND i.indisprimary AND k.place <= i.indnkeyatts AND options->'frozen'->'key' IS NULL
  ORDER BY place
$$;
