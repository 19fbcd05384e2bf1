-- Least privilege. outbox_functions is for the Worker, outbox_listener for the listener, outbox_emitter for users that call
-- outbox.emit(). None can log in; users that can are made members (docs/roles.md). The role that runs the migrations owns
-- everything and is none of them. A writer of a watched table needs no role; for an owner of tables see grant_watching.sql.
-- The migrator calls this each time. Call it by hand after creating the roles by hand.
-- Every right is granted by name (role_rights.sql): a hardened database has taken all from PUBLIC.
CREATE OR REPLACE FUNCTION outbox.grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role text;
  allowed record;
BEGIN
  -- Where everybody may call outbox.emit(), everybody may name it. Once that is taken from PUBLIC, it stays taken.
  IF has_function_privilege('public', 'outbox.emit(text, json, text, text)', 'EXECUTE') THEN
    GRANT USAGE ON SCHEMA outbox TO PUBLIC;
  END IF;
  FOREACH role IN ARRAY ARRAY['outbox_functions', 'outbox_listener', 'outbox_emitter'] LOOP
    -- Roles belong to the server: another database or an administrator may have made it.
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL; -- at this moment
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'expected the right to create the role %, and may not: nothing is granted. Create it, then call outbox.grant_roles()', role;
        RETURN;
    END;
  END LOOP;

  IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO outbox_functions, outbox_listener', current_database());
  ELSIF NOT (has_database_privilege('outbox_functions', current_database(), 'CONNECT')
             AND has_database_privilege('outbox_listener', current_database(), 'CONNECT')) THEN
    RAISE NOTICE 'outbox_functions or outbox_listener may not connect to the database %: its owner must GRANT CONNECT', current_database();
  END IF;
  FOR allowed IN SELECT DISTINCT r.object FROM outbox.role_rights() r WHERE r.kind = 'TABLE' LOOP
    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, outbox_functions, outbox_listener', allowed.object);
  END LOOP;
  FOR allowed IN
    SELECT r.kind, r.object, r.privileges, string_agg(r.role, ', ' ORDER BY r.role) AS roles
    FROM outbox.role_rights() r
    GROUP BY r.kind, r.object, r.privileges
  LOOP
    EXECUTE format('GRANT %s ON %s %s TO %s', allowed.privileges, allowed.kind, allowed.object, allowed.roles);
  END LOOP;
END $$;

COMMENT ON FUNCTION outbox.grant_roles IS 'Creates the roles outbox_functions, outbox_listener and outbox_emitter if they are missing, and gives them their rights.';

REVOKE EXECUTE ON FUNCTION outbox.grant_roles FROM PUBLIC;
