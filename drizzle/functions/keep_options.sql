-- Keeps a watch's options where pg_dump carries them along with the triggers: in the text of a function.
CREATE OR REPLACE FUNCTION outbox.keep_options(watch_id bigint, options json, watched_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  kept json := json_build_object('watched_at', watched_at AT TIME ZONE 'UTC' || '+00', 'options', options);
  function_name text := format('outbox.capture_%s_watch()', watch_id);
  is_new boolean := to_regprocedure(function_name) IS NULL;
BEGIN
  -- A dollar can stand only inside a string of the JSON, where it may be written as a number.
  EXECUTE format('CREATE OR REPLACE FUNCTION %s RETURNS json LANGUAGE sql IMMUTABLE AS %L', function_name,
                 format('SELECT $json$%s$json$::pg_catalog.json', replace(kept::text, '$', '\u0024')));
  IF is_new THEN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function_name);
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', function_name, 'The options of a watched table. Written by outbox.watch().');
  END IF;
END $$;
