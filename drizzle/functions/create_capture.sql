-- Creates or replaces the trigger and its function for one operation. Returns whether the condition stands inside the function.
-- In the trigger's WHEN it costs less. But WHEN runs with the writer's rights, so a condition that calls a function of somebody's,
-- which may be closed to some writer one day, moves into the function, where nothing can fail the writer.
CREATE OR REPLACE FUNCTION outbox.create_capture(watch_id bigint, relation regclass, operation text, options json, is_direct boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  needs_rights boolean;
BEGIN
  PERFORM outbox.create_capture_function(watch_id, relation, operation, options, is_direct, false);
  PERFORM outbox.create_capture_trigger(watch_id, relation, operation, outbox.capture_filter(relation, operation, options, true));
  IF options->>'condition' IS NULL OR operation = 'truncate' THEN RETURN false; END IF;
  SELECT count(*) > 0 INTO needs_rights
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_trigger'::regclass AND d.objid = t.oid
  LEFT JOIN pg_catalog.pg_type used ON d.refclassid = 'pg_catalog.pg_type'::regclass AND used.oid = d.refobjid
  WHERE t.tgrelid = relation AND t.tgname = '00_outbox_' || operation
    -- Postgres' own functions are in no list of dependencies.
    AND (d.refclassid = 'pg_catalog.pg_proc'::regclass AND d.refobjid <> t.tgfoid
         OR d.refclassid = 'pg_catalog.pg_operator'::regclass OR used.typtype = 'd');
  IF needs_rights THEN
    PERFORM outbox.create_capture_function(watch_id, relation, operation, options, is_direct, true);
    PERFORM outbox.create_capture_trigger(watch_id, relation, operation, outbox.capture_filter(relation, operation, options, false));
  END IF;
  RETURN needs_rights;
END $$;
