-- Makes the table's owner the owner of the functions that capture it.
CREATE OR REPLACE FUNCTION outbox.hand_over_capture(watch_id bigint, keeper regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ours regprocedure;
BEGIN
  FOR ours IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname ~ ('^capture_' || watch_id || '_[a-z]+$') AND p.proowner <> keeper
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO %s', ours, keeper);
  END LOOP;
END $$;
