-- Stops outbox.watch() with a sentence that names the problem.
CREATE OR REPLACE FUNCTION outbox.refuse_watch(problem text, hint text DEFAULT 'Nothing was changed.') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'outbox.watch: ' || problem, HINT = hint;
END $$;
