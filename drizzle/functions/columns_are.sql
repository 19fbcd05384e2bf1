-- Raises if columns of the watched table have other names or types than when its trigger functions were generated: two may have been
-- swapped, or a new one may have the name of one that was renamed or dropped, and NEW.name would silently be another column; another
-- type may be compared and printed in another way (pinned_settings.sql). Also if a virtual column was dropped (`computed`), whose
-- value the functions still could compute.
-- It reads the catalogue and yet says IMMUTABLE. So Postgres runs it when it plans the expression, not for each row; and because
-- the table is named in it as a constant, every ALTER TABLE makes each session plan anew. An old snapshot would still show what the
-- columns were: names come from Postgres' cache of the catalogue, and types from a query about the table, where it may be old.
-- A copy of the table has other numbers: there names alone count.
CREATE OR REPLACE FUNCTION outbox.columns_are(
  relation regclass, row_type oid, numbers int2[], names name[], types oid[], computed int2[]
) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  types_now oid[];
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.reltype = row_type) THEN RETURN true; END IF;
  IF EXISTS (
    SELECT FROM unnest(numbers, names) AS was (number, name)
    JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = was.number
    WHERE CASE WHEN a.attisdropped THEN was.number = ANY (computed) OR EXISTS (
                 SELECT FROM pg_attribute b WHERE b.attrelid = relation AND b.attname = was.name AND NOT b.attisdropped)
               ELSE (pg_identify_object_as_address('pg_class'::regclass, relation, was.number)).object_names[3] <> was.name END) THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('columns of %s were renamed', relation);
  END IF;
  SELECT array_agg(CASE WHEN a.attisdropped THEN was.type ELSE a.atttypid END ORDER BY was.place) INTO types_now
  FROM unnest(numbers, types) WITH ORDINALITY AS was (number, type, place)
  JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = was.number;
  IF types_now = types AND current_setting('transaction_isolation') <> 'read committed' THEN
    EXECUTE (
      SELECT format('SELECT ARRAY[%s]::oid[] FROM (SELECT (NULL::%s).*) AS new', string_agg(
               CASE WHEN a.attisdropped THEN was.type::text ELSE format('pg_typeof(new.%I)', was.name) END, ', ' ORDER BY was.place), relation)
      FROM unnest(numbers, names, types) WITH ORDINALITY AS was (number, name, type, place)
      JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = was.number) INTO types_now;
  END IF;
  IF types_now <> types THEN
    RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('columns of %s have other types', relation);
  END IF;
  RETURN true;
END $$;
