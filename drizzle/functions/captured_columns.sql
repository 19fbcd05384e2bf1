-- A table's columns as capture sees them. `options` are those of its watch; null: it is about to be watched. A column keeps the
-- name under which it was watched when it is renamed; `known` is false for a column that was added later.
-- A virtual column has no value in a trigger's row, so it is computed again.
CREATE OR REPLACE FUNCTION outbox.captured_columns(relation regclass, options json)
RETURNS TABLE (name text, known boolean, place smallint, column_name name, type oid, nullable boolean, is_virtual boolean,
               old_value text, new_value text, differs text, when_differs text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH watched AS MATERIALIZED (
    -- The options are parsed once: of a wide table they are long.
    SELECT frozen, (frozen->>'oid')::oid = c.oid AND (frozen->>'type')::oid = c.reltype AS is_original
    FROM pg_class c CROSS JOIN (SELECT options->'frozen') AS said (frozen)
    WHERE c.oid = relation
  ), frozen AS MATERIALIZED (
    -- The numbers of columns hold for the table that was watched, not for a copy of it.
    SELECT f.key AS name, CASE WHEN is_original THEN f.value::int2 END AS number, CASE WHEN NOT is_original THEN f.key::name END AS same_name
    FROM watched CROSS JOIN json_each_text(frozen->'columns') AS f
  ), attribute AS MATERIALIZED (
    -- The names from Postgres' cache of the catalogue: an old snapshot still shows the old ones.
    SELECT attrelid, attnum, atttypid, attcollation, attnotnull, attgenerated,
           (pg_identify_object_as_address('pg_class'::regclass, attrelid, attnum)).object_names[3]::name AS attname
    FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
  ), columns AS (
    SELECT coalesce(by_number.name, by_name.name, a.attname) AS name,
           coalesce(by_number.name, by_name.name) IS NOT NULL OR w.is_new AS known,
           a.attname, a.attnum, a.atttypid, a.attcollation, NOT a.attnotnull AS nullable,
           CASE WHEN a.attgenerated = 'v' THEN pg_get_expr(d.adbin, d.adrelid) END AS computed
    FROM attribute a
    CROSS JOIN (SELECT frozen IS NULL AS is_new FROM watched OFFSET 0) AS w
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN frozen by_number ON by_number.number = a.attnum
    LEFT JOIN frozen by_name ON by_name.same_name = a.attname
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
