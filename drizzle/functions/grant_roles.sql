-- Least privilege. outbox_functions is for the Worker, outbox_listener for the listener, outbox_emitter for users that call
-- outbox.emit(). None can log in; users that can are made members (docs/roles.md). The role that runs the migrations owns
-- everything and is none of them. A writer of a watched table needs no role; for an owner of tables see grant_watching.sql.
-- The migrator calls this each time. Call it by hand after creating the roles by hand.
-- Every right is granted by name: a hardened database has taken all from PUBLIC.
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
  GRANT USAGE ON SCHEMA outbox TO outbox_functions, outbox_listener, outbox_emitter;
  GRANT USAGE ON SEQUENCE outbox.endpoints_id_seq, outbox.endpoint_secrets_id_seq TO outbox_functions;
  -- How many events there have been (drizzle/queries/gauges.sql).
  GRANT SELECT ON SEQUENCE outbox.events_id_seq TO outbox_functions, outbox_listener;
  FOR allowed IN
    SELECT relation, functions, listener
    FROM (VALUES
      -- Events are facts: only functions of the outbox write them, and nobody changes or deletes them.
      ('outbox.events',            'SELECT',                         'SELECT'),
      ('outbox.fanout',            'SELECT, DELETE',                 'SELECT, DELETE'),
      ('outbox.delivery_groups',   'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE'),
      ('outbox.delivered_at_once', 'SELECT, INSERT, UPDATE',         'SELECT, INSERT'),
      ('outbox.delivery_rows',     'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE'),
      ('outbox.attempt_rows',      'SELECT, INSERT, UPDATE',         'SELECT, INSERT, UPDATE'),
      -- For endpoints with `sequence`: senders number what they are about to send.
      ('outbox.sequences',         'SELECT, INSERT, UPDATE',         'SELECT, INSERT, UPDATE'),
      ('outbox.delivery_numbers',  'SELECT, INSERT',                 'SELECT, INSERT'),
      ('outbox.deliveries',        'SELECT',                         'SELECT'),
      ('outbox.attempts',          'SELECT',                         'SELECT'),
      ('outbox.endpoint_health',   'SELECT, UPDATE',                 'SELECT, UPDATE'),
      ('outbox.pull_sessions',     'SELECT, INSERT, UPDATE',         'SELECT'),
      ('outbox.endpoints',         'SELECT, INSERT, UPDATE',         'SELECT, UPDATE (state, disabled_reason)'),
      -- Senders must read the signing keys, and the cron function sends. The keys are sealed with the master key, which is
      -- not in the database.
      ('outbox.endpoint_secrets',  'SELECT, INSERT, UPDATE (sealed, expires_at)', 'SELECT'),
      -- Of replays the functions delete previews that nobody started in time.
      ('outbox.replays',           'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE'),
      ('outbox.replay_parts',      'SELECT, INSERT, UPDATE',         'SELECT, UPDATE'),
      ('outbox.idempotency_keys',  'SELECT, INSERT, UPDATE, DELETE', NULL),
      ('outbox.idempotency_steps', 'SELECT, INSERT, DELETE',         NULL),
      ('outbox.rate_buckets',      'SELECT, INSERT, UPDATE, DELETE', NULL),
      -- The owner alone decides which tables are captured, and runs the migrations.
      ('outbox.watches',           'SELECT',                         NULL),
      ('outbox.migrations',        'SELECT',                         NULL),
      -- Senders compare it with their own (drizzle/schema-version.ts).
      ('outbox.function_files',    'SELECT',                         'SELECT'),
      -- Who changed what: written and read, never corrected.
      ('outbox.audit',             'SELECT, INSERT',                 NULL),
      ('outbox.api_keys',          'SELECT, INSERT, UPDATE (last_used_at), DELETE', NULL),
      ('outbox.partitions',        'SELECT',                         'SELECT'),
      ('outbox.expiry',            'SELECT',                         'SELECT'),
      ('outbox.listeners',         'SELECT',                         'SELECT, INSERT, UPDATE, DELETE'),
      ('outbox.last_cron_run',     'SELECT, INSERT, UPDATE',         'SELECT'),
      ('outbox.failed_cron_run',   'SELECT, INSERT, UPDATE',         NULL),
      -- Written by functions of the owner alone.
      ('outbox.identity',          'SELECT',                         NULL),
      ('outbox.held_senders',      'SELECT',                         'SELECT'),
      -- Senders tally their attempts, and a function of the owner adds them up.
      ('outbox.attempt_tallies',   'SELECT, INSERT',                 'SELECT, INSERT'),
      ('outbox.attempt_minutes',   'SELECT',                         NULL),
      ('outbox.backlog_minutes',   'SELECT',                         NULL),
      ('outbox.history',           'SELECT',                         NULL)
    ) AS matrix (relation, functions, listener)
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, outbox_functions, outbox_listener', allowed.relation);
    EXECUTE format('GRANT %s ON %s TO outbox_functions', allowed.functions, allowed.relation);
    IF allowed.listener IS NOT NULL THEN
      EXECUTE format('GRANT %s ON %s TO outbox_listener', allowed.listener, allowed.relation);
    END IF;
  END LOOP;
  FOR allowed IN
    SELECT p.oid::regprocedure AS function
    FROM pg_proc p
    WHERE p.pronamespace = 'outbox'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
      -- What runs with its caller's rights gives none away. outbox.record() writes what everybody may write.
      AND (NOT p.prosecdef OR p.proname = 'record')
      AND p.proname NOT IN ('grant_roles', 'grant_watching', 'uninstall', 'recompile_watches', 'repair', 'run_idempotent',
        'create_partition', 'attach_partition', 'must_stay', 'begin_expiry', 'expire_events', 'expire_records', 'expire_history',
        'expire_deliveries')
      AND p.proname !~ '^capture_[0-9]+_' -- a watch's own
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO outbox_functions, outbox_listener', allowed.function);
  END LOOP;
  GRANT EXECUTE ON FUNCTION outbox.emit(text, json, text, text), outbox.emit(outbox.event_type_text, jsonb, text, text),
    outbox.emit_text, outbox.emit_failed, outbox.event_type, outbox.record TO outbox_emitter;
  GRANT EXECUTE ON FUNCTION outbox.run_idempotent, outbox.record_events, outbox.record_test, outbox.capture_triggers,
    outbox.event_types, outbox.explain_row, outbox.captures, outbox.database_facts, outbox.adopt TO outbox_functions;
  GRANT EXECUTE ON FUNCTION outbox.oldest_writer_seconds TO outbox_functions;
  GRANT EXECUTE ON FUNCTION outbox.add_partitions, outbox.open_next_partition, outbox.expire, outbox.capture_health, outbox.oldest_transaction_seconds,
    outbox.fold_attempts, outbox.identify, outbox.identify_witnessed, outbox.held_reason TO outbox_functions, outbox_listener;
END $$;

COMMENT ON FUNCTION outbox.grant_roles IS 'Creates the roles outbox_functions, outbox_listener and outbox_emitter if they are missing, and gives them their rights.';

REVOKE EXECUTE ON FUNCTION outbox.grant_roles FROM PUBLIC;
