-- `<table>/<primary key>`, with the table's name as it was watched (null: as it is). In a key of several columns a slash inside
-- a value is written %2F, so that no two rows share a key.
CREATE OR REPLACE FUNCTION outbox.default_key(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog.concat(%L, %s)', coalesce(options->'frozen'->>'name', c.relname) || '/', string_agg(
           CASE WHEN k.size = 1 OR t.typcategory IN ('N', 'D', 'B') THEN format('NEW.%I', k.name)
                ELSE format($sql$pg_catalog.replace(pg_catalog.replace(NEW.%I::pg_catalog.text, '%%', '%%25'), '/', '%%2F')$sql$, k.name) END,
           $sql$, '/', $sql$ ORDER BY k.place))
  FROM (SELECT name, place, type, count(*) OVER () AS size FROM outbox.key_columns(relation, options)) AS k
  LEFT JOIN pg_type t ON t.oid = k.type
  JOIN pg_class c ON c.oid = relation
  GROUP BY c.relname
$$;
