-- What the three roles may do, one row for each object: granted by grant_roles(), compared by `outbox doctor`. `privileges` is as
-- in GRANT.
CREATE OR REPLACE FUNCTION outbox.role_rights() RETURNS TABLE (role text, kind text, object text, privileges text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH matrix (relation, functions, listener) AS (
    VALUES
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
  ), function AS (
    SELECT p.oid::regprocedure::text AS object, p.proname AS name, p.prosecdef AS lends_rights
    FROM pg_proc p
    WHERE p.pronamespace = 'outbox'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
      AND p.proname !~ '^capture_[0-9]+_' -- a watch's own
  ), callable (role, object) AS (
    -- What runs with its caller's rights gives none away. outbox.record() writes what everybody may write.
    SELECT r.role, f.object
    FROM function f CROSS JOIN (VALUES ('outbox_functions'), ('outbox_listener')) AS r (role)
    WHERE (NOT f.lends_rights OR f.name = 'record')
      AND f.name NOT IN ('grant_roles', 'grant_watching', 'uninstall', 'recompile_watches', 'repair', 'run_idempotent',
        'create_partition', 'attach_partition', 'must_stay', 'begin_expiry', 'expire_events', 'expire_records', 'expire_history',
        'expire_deliveries')
      OR f.name IN ('add_partitions', 'open_next_partition', 'expire', 'capture_health', 'oldest_transaction_seconds',
        'fold_attempts', 'identify', 'identify_witnessed', 'held_reason', 'must_identify')
    UNION
    SELECT 'outbox_functions', f.object
    FROM function f
    WHERE f.name IN ('run_idempotent', 'record_events', 'record_test', 'capture_triggers', 'event_types', 'explain_row', 'captures',
      'database_facts', 'adopt', 'oldest_writer_seconds')
    UNION
    SELECT 'outbox_emitter', f.object
    FROM function f
    WHERE f.name IN ('emit', 'emit_text', 'emit_failed', 'event_type', 'record')
  )
  SELECT r.role, 'SCHEMA', 'outbox', 'USAGE'
  FROM (VALUES ('outbox_functions'), ('outbox_listener'), ('outbox_emitter')) AS r (role)
  UNION ALL
  SELECT 'outbox_functions', 'SEQUENCE', s.object, 'USAGE'
  FROM (VALUES ('outbox.endpoints_id_seq'), ('outbox.endpoint_secrets_id_seq')) AS s (object)
  UNION ALL
  -- How many events there have been (drizzle/queries/gauges.sql).
  SELECT r.role, 'SEQUENCE', 'outbox.events_id_seq', 'SELECT'
  FROM (VALUES ('outbox_functions'), ('outbox_listener')) AS r (role)
  UNION ALL
  SELECT 'outbox_functions', 'TABLE', m.relation, m.functions FROM matrix m
  UNION ALL
  SELECT 'outbox_listener', 'TABLE', m.relation, m.listener FROM matrix m WHERE m.listener IS NOT NULL
  UNION ALL
  SELECT c.role, 'FUNCTION', c.object, 'EXECUTE' FROM callable c
$$;
