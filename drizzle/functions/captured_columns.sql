-- A table's columns as capture sees them. `options` are those of its watch; null: it is about to be watched. A column keeps the
-- name under which it was watched when it is renamed; `known` is false for a column that was added later.
-- A virtual column has no value in a trigger's row, so it is computed again.
CREATE OR REPLACE FUNCTION outbox.captured_columns(relation regclass, options json)
RETURNS TABLE (name text, known boolean, place smallint, column_name name, type oid, nullable boolean, is_virtual boolean,
               old_value text, new_value text, differs text, when_differs text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH frozen AS MATERIALIZED (
    -- The numbers of columns hold for the table that was watched, not for a copy of it.
    SELECT f.key AS name, f.value::int2 AS number, (options->'frozen'->>'oid')::oid = c.oid AND (options->'frozen'->>'type')::oid = c.reltype AS is_original
    FROM pg_class c CROSS JOIN json_each_text(options->'frozen'->'columns') AS f
    WHERE c.oid = relation
  ), columns AS (
    SELECT coalesce(f.name, a.attname) AS name, f.name IS NOT NULL OR options->'frozen' IS NULL AS known,
           a.attname, a.attnum, a.atttypid, a.attcollation, NOT a.attnotnull AS nullable,
           CASE WHEN a.attgenerated = 'v' THEN pg_get_expr(d.adbin, d.adrelid) END AS computed
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN frozen f ON CASE WHEN f.is_original THEN f.number = a.attnum ELSE f.name = a.attname END
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
  SELECT readable.name, known, attnum, attname, atttypid, nullable, computed IS NOT NULL, old_value, new_value,
         outbox.differs_sql(atttypid, attcollation, old_value, new_value),
         outbox.differs_sql(atttypid, attcollation, format('OLD.%I', attname), format('NEW.%I', attname))
  FROM readable
  ORDER BY attnum
$$;
