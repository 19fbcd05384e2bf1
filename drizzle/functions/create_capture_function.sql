-- Creates or replaces the trigger function of one operation. Replaced, it keeps the rights and the comment that it was given.
CREATE OR REPLACE FUNCTION outbox.create_capture_function(
  watch_id bigint, relation regclass, operation text, options json, is_direct boolean, has_condition boolean
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  function_name text := format('outbox.capture_%s_%s()', watch_id, operation);
  is_new boolean := to_regprocedure(function_name) IS NULL;
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION %s RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER %s AS %L',
    function_name, outbox.pinned_settings(relation, options),
    outbox.capture_body(watch_id, relation, operation, options, is_direct, has_condition));
  IF is_new THEN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function_name);
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', function_name,
                   format('Captures each %s of %s. Written by outbox.watch().', operation, outbox.full_name(relation)));
  END IF;
END $$;
