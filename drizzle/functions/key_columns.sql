-- The columns of a table's primary key, in its order. An index also lists what it merely carries (INCLUDE), after the key.
CREATE OR REPLACE FUNCTION outbox.key_columns(relation regclass) RETURNS TABLE (name name, place integer, type oid, modifier integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.attname, k.place::integer, a.atttypid, a.atttypmod
  FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE i.indrelid = relation AND i.indisprimary AND k.place <= i.indnkeyatts
  ORDER BY k.place
$$;
