-- Raises if columns of the watched table have other names than when its trigger functions were generated: two may have been swapped,
-- or a new one may have the name of one that was renamed or dropped, and NEW.name would silently be another column. Also if a
-- virtual column was dropped (`computed`), whose value the functions still could compute.
-- It reads the catalogue and yet says IMMUTABLE. So Postgres runs it when it plans the expression, not for each row; and because
-- the table is named in it as a constant, every ALTER TABLE makes each session plan anew. Names come from Postgres' cache of the
-- catalogue, because an old snapshot would still show the old ones. A copy of the table has other numbers: there names alone count.
CREATE OR REPLACE FUNCTION outbox.columns_are(relation regclass, row_type oid, numbers int2[], names name[], computed int2[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.reltype = row_type) AND EXISTS (
    SELECT FROM unnest(numbers, names) AS was (number, name)
    JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = was.number
    WHERE CASE WHEN a.attisdropped THEN was.number = ANY (computed) OR EXISTS (
                 SELECT FROM pg_attribute b WHERE b.attrelid = relation AND b.attname = was.name AND NOT b.attisdropped)
               ELSE (pg_identify_object_as_address('pg_class'::regclass, relation, was.number)).object_names[3] <> was.name END) THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('columns of %s were renamed', relation);
  END IF;
  RETURN true;
END $$;
