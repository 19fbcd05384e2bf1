-- Refuses column names that the table does not have.
CREATE OR REPLACE FUNCTION outbox.check_columns(relation regclass, option text, names text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unknown text;
BEGIN
  SELECT string_agg(format('%I', wanted), ', ') INTO unknown
  FROM unnest(names) AS wanted
  WHERE wanted IS NULL OR wanted NOT IN (SELECT name FROM outbox.captured_columns(relation, NULL));
  IF unknown IS NOT NULL OR cardinality(names) = 0 THEN
    PERFORM outbox.refuse_watch(format('%s names %s, which %s does not have', option, coalesce(unknown, 'no column'), relation));
  END IF;
END $$;
