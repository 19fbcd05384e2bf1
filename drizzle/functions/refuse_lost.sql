-- Raises because columns that an event shows are gone.
CREATE OR REPLACE FUNCTION outbox.refuse_lost(table_name text, columns text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('%s has lost %s', table_name, columns);
END $$;
