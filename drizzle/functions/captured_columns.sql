-- A table's columns as capture sees them. A virtual column has no value in a trigger's row, so it is computed again.
CREATE OR REPLACE FUNCTION outbox.captured_columns(relation regclass)
RETURNS TABLE (name text, place smallint, type oid, nullable boolean, old_value text, new_value text, differs text, when_differs text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH columns AS (
    SELECT a.attname, a.attnum, a.atttypid, a.attcollation, NOT a.attnotnull AS nullable,
           CASE WHEN a.attgenerated = 'v' THEN pg_get_expr(d.adbin, d.adrelid) END AS computed
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
  ), base AS (
    SELECT string_agg(format('OLD.%1$I AS %1$I', attname), ', ') AS old_row,
           string_agg(format('NEW.%1$I AS %1$I', attname), ', ') AS new_row
    FROM columns WHERE computed IS NULL
  ), readable AS (
    SELECT columns.*,
           CASE WHEN computed IS NULL THEN format('OLD.%I', attname)
                ELSE format('(SELECT %s FROM (SELECT %s) AS base)', computed, old_row) END AS old_value,
           CASE WHEN computed IS NULL THEN format('NEW.%I', attname)
                ELSE format('(SELECT %s FROM (SELECT %s) AS base)', computed, new_row) END AS new_value
    FROM columns CROSS JOIN base
  )
  SELECT attname::text, attnum, atttypid, nullable, old_value, new_value,
         outbox.differs_sql(atttypid, attcollation, old_value, new_value),
         outbox.differs_sql(atttypid, attcollation, format('OLD.%I', attname), format('NEW.%I', attname))
  FROM readable
  ORDER BY attnum
$$;
