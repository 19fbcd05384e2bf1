-- Drops the functions of a capture that no trigger calls, as far as the caller may. Returns their names.
CREATE OR REPLACE FUNCTION outbox.drop_left_over(watch_id bigint) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dropped regprocedure;
BEGIN
  FOR dropped IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname ~ ('^capture_' || watch_id || '_[a-z]+$')
      AND (pg_has_role(p.proowner, 'USAGE') OR pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'outbox'), 'USAGE'))
      AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgfoid = p.oid)
  LOOP
    RETURN NEXT dropped::text;
    EXECUTE format('DROP FUNCTION %s', dropped);
  END LOOP;
END $$;
