-- Removes the outbox from the database, all events included: every watch, what its roles were granted elsewhere, its schema.
-- The roles themselves belong to the server, and other databases may use them: they stay.
CREATE OR REPLACE FUNCTION outbox.uninstall() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
  dependants text;
  granted record;
BEGIN
  -- Triggers of other owners' tables go with the schema.
  PERFORM outbox.unwatch(w.relation) FROM outbox.watches w JOIN pg_class c ON c.oid = w.relation WHERE pg_has_role(c.relowner, 'USAGE');

  -- DROP SCHEMA … CASCADE would drop an application's view of outbox.events without a word.
  SELECT string_agg(DISTINCT dependant.type || ' ' || dependant.identity, ', ') INTO dependants
  FROM pg_depend d
  CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) AS ours
  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS dependant
  WHERE d.deptype IN ('n', 'a') AND ours.schema = 'outbox'
    -- Constraints, rules, triggers and defaults have no schema, but name their table.
    AND dependant.schema IS DISTINCT FROM 'outbox' AND dependant.identity !~ '\moutbox\.'
    AND NOT (d.classid = 'pg_trigger'::regclass AND ours.identity ~ '^outbox\.capture_[0-9]+_[a-z]+\(\)$');
  IF dependants IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = 'outbox.uninstall: these use the outbox and would be dropped with it: ' || dependants,
      HINT = 'Nothing was changed. Drop them first.';
  END IF;

  FOR granted IN
    SELECT DISTINCT s.classid, o.identity, s.refobjid::regrole AS role
    FROM pg_shdepend s
    CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, 0) AS o
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.refclassid = 'pg_authid'::regclass AND s.deptype = 'a'
      AND s.refobjid IN (SELECT oid FROM pg_roles WHERE rolname IN ('outbox_functions', 'outbox_listener', 'outbox_emitter'))
      AND s.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_proc'::regclass)
      AND o.schema IS DISTINCT FROM 'outbox' AND o.identity <> 'outbox'
  LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM %s', CASE granted.classid
      WHEN 'pg_namespace'::regclass THEN 'SCHEMA'
      WHEN 'pg_proc'::regclass THEN 'ROUTINE'
      ELSE '' END, granted.identity, granted.role);
  END LOOP;

  -- Only who owns the database has granted this (grant_roles.sql), and may take it back.
  IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    FOR granted IN SELECT rolname AS role FROM pg_roles WHERE rolname IN ('outbox_functions', 'outbox_listener') LOOP
      EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM %I', current_database(), granted.role);
    END LOOP;
  END IF;

  DROP SCHEMA outbox CASCADE;
END $$;

COMMENT ON FUNCTION outbox.uninstall IS 'Removes the outbox from this database, with all its events. The roles stay: they belong to the server.';

REVOKE EXECUTE ON FUNCTION outbox.uninstall FROM PUBLIC;
