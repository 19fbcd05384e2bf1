-- `<table>/<primary key>`. In a key of several columns a slash inside a value is written %2F, so that no two rows share a key.
CREATE OR REPLACE FUNCTION outbox.default_key(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog.concat(%L, %s)', c.relname || '/', string_agg(
           CASE WHEN cardinality(i.indkey::int2[]) = 1 OR t.typcategory IN ('N', 'D', 'B') THEN format('NEW.%I', a.attname)
                ELSE format($sql$pg_catalog.replace(pg_catalog.replace(NEW.%I::pg_catalog.text, '%%', '%%25'), '/', '%%2F')$sql$, a.attname) END,
           $sql$, '/', $sql$ ORDER BY array_position(i.indkey::int2[], a.attnum)))
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE i.indrelid = relation AND i.indisprimary
  GROUP BY c.relname
$$;
