-- Least privilege: outbox_functions for the Worker, outbox_listener for the listener. Neither can log in; users that can are
-- made members (docs/roles.md). The role that runs the migrations owns everything and is neither.
-- The migrator calls this each time. Call it by hand after creating the roles by hand.
CREATE OR REPLACE FUNCTION outbox.grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role text;
  allowed record;
BEGIN
  -- Anyone who may write to a captured table must be able to write its event, so anyone may name the schema's functions and
  -- call outbox.emit() and the outbox.record() behind it. The tables are closed.
  GRANT USAGE ON SCHEMA outbox TO PUBLIC;
  FOREACH role IN ARRAY ARRAY['outbox_functions', 'outbox_listener'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the server: another database has made it
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'expected the right to create the role %, and may not: nothing is granted. Create it, then call outbox.grant_roles()', role;
        RETURN;
    END;
  END LOOP;

  GRANT USAGE ON SEQUENCE outbox.endpoints_id_seq, outbox.endpoint_secrets_id_seq TO outbox_functions;
  FOR allowed IN
    SELECT relation, functions, listener
    FROM (VALUES
      -- Events are facts: only functions of the outbox write them, and nobody changes or deletes them.
      ('outbox.events',            'SELECT',                         'SELECT'),
      ('outbox.fanout',            'SELECT, DELETE',                 'SELECT, DELETE'),
      ('outbox.deliveries',        'SELECT, INSERT, UPDATE',         'SELECT, INSERT, UPDATE'),
      ('outbox.attempts',          'SELECT, INSERT, UPDATE',         'SELECT, INSERT, UPDATE'),
      ('outbox.endpoint_health',   'SELECT, UPDATE',                 'SELECT, UPDATE'),
      ('outbox.endpoints',         'SELECT, INSERT, UPDATE',         'SELECT, UPDATE (state, disabled_reason)'),
      -- Senders must read the signing keys, and the cron function sends. The keys are sealed with the master key, which is
      -- not in the database.
      ('outbox.endpoint_secrets',  'SELECT, INSERT, UPDATE (sealed, expires_at)', 'SELECT'),
      ('outbox.replays',           'SELECT, INSERT, UPDATE',         'SELECT, UPDATE'),
      ('outbox.idempotency_keys',  'SELECT, INSERT, UPDATE, DELETE', NULL),
      ('outbox.idempotency_steps', 'SELECT, INSERT, DELETE',         NULL),
      ('outbox.rate_buckets',      'SELECT, INSERT, UPDATE, DELETE', NULL),
      -- The owner alone decides which tables are captured, and runs the migrations.
      ('outbox.watches',           'SELECT',                         NULL),
      ('outbox.migrations',        'SELECT',                         NULL),
      ('outbox.function_files',    'SELECT',                         NULL),
      -- Who changed what: written and read, never corrected.
      ('outbox.audit',             'SELECT, INSERT',                 NULL)
    ) AS matrix (relation, functions, listener)
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, outbox_functions, outbox_listener', allowed.relation);
    EXECUTE format('GRANT %s ON %s TO outbox_functions', allowed.functions, allowed.relation);
    IF allowed.listener IS NOT NULL THEN
      EXECUTE format('GRANT %s ON %s TO outbox_listener', allowed.listener, allowed.relation);
    END IF;
  END LOOP;
  GRANT EXECUTE ON FUNCTION outbox.run_idempotent, outbox.record_test, outbox.capture_health, outbox.capture_triggers,
    outbox.event_types, outbox.explain_row, outbox.captures TO outbox_functions;
  GRANT EXECUTE ON FUNCTION outbox.capture_health, outbox.purge TO outbox_listener;
END $$;

COMMENT ON FUNCTION outbox.grant_roles IS 'Creates the roles outbox_functions and outbox_listener if they are missing, and gives them their rights.';

REVOKE EXECUTE ON FUNCTION outbox.grant_roles FROM PUBLIC;
