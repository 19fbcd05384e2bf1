-- Functions that look at the tables with their owner's rights are for our own roles: everybody may name what is in the
-- schema, but of these only outbox.record(), which writes an event and shows nothing, is for everybody.
REVOKE EXECUTE ON FUNCTION outbox.record_test, outbox.capture_health, outbox.capture_triggers, outbox.event_types,
  outbox.explain_row FROM PUBLIC;
--> statement-breakpoint
-- As in 0011_roles.sql; new are the functions at the end.
CREATE OR REPLACE FUNCTION outbox.grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  role text;
  allowed record;
BEGIN
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

  GRANT USAGE ON SCHEMA public TO outbox_functions;
  GRANT USAGE ON SEQUENCE outbox.endpoints_id_seq, outbox.endpoint_secrets_id_seq TO outbox_functions;
  FOR allowed IN
    SELECT relation, functions, listener
    FROM (VALUES
      -- Events are facts: written by outbox.record() alone, changed and deleted by nobody.
      ('outbox.events',            'SELECT',                         'SELECT'),
      ('outbox.fanout',            'SELECT, DELETE',                 'SELECT, DELETE'),
      ('outbox.deliveries',        'SELECT, INSERT, UPDATE',         'SELECT, INSERT, UPDATE'),
      ('outbox.attempts',          'SELECT, INSERT, UPDATE',         'SELECT, INSERT, UPDATE'),
      ('outbox.endpoint_health',             'SELECT, UPDATE',                 'SELECT, UPDATE'),
      ('outbox.endpoints',         'SELECT, INSERT, UPDATE',         'SELECT, UPDATE (state, disabled_reason)'),
      -- Whoever sends must read the signing keys, and the cron function sends. They are sealed: what opens them is the
      -- master key, which is not in the database.
      ('outbox.endpoint_secrets',  'SELECT, INSERT, UPDATE (sealed, expires_at)', 'SELECT'),
      ('outbox.replays',           'SELECT, INSERT, UPDATE',         'SELECT, UPDATE'),
      ('outbox.idempotency_keys',  'SELECT, INSERT, UPDATE, DELETE', NULL),
      ('outbox.idempotency_steps', 'SELECT, INSERT, DELETE',         NULL),
      ('outbox.rate_buckets',      'SELECT, INSERT, UPDATE, DELETE', NULL),
      -- Which tables are captured is the owner's decision.
      ('outbox.watches',           'SELECT',                         NULL),
      -- The books of who changed what: written, read, never corrected.
      ('outbox.audit',             'SELECT, INSERT',                 NULL),
      ('public.orders',            'SELECT, INSERT, UPDATE (status)', NULL),
      ('public.order_items',       'SELECT, INSERT',                 NULL),
      ('public.clients',           'SELECT',                         NULL),
      ('public.items',             'SELECT',                         NULL),
      ('public.item_fees',         'SELECT',                         NULL),
      ('public.fulfillment_fees',  'SELECT',                         NULL),
      ('public.charges',           'SELECT, INSERT',                 NULL),
      ('public.notifications',     'SELECT, INSERT',                 NULL),
      ('public.webhook_receipts',  'SELECT, INSERT',                 NULL)
    ) AS matrix (relation, functions, listener)
    WHERE to_regclass(relation) IS NOT NULL
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, outbox_functions, outbox_listener', allowed.relation);
    EXECUTE format('GRANT %s ON %s TO outbox_functions', allowed.functions, allowed.relation);
    IF allowed.listener IS NOT NULL THEN
      EXECUTE format('GRANT %s ON %s TO outbox_listener', allowed.listener, allowed.relation);
    END IF;
  END LOOP;
  GRANT EXECUTE ON FUNCTION outbox.run_idempotent, outbox.record_test, outbox.capture_health, outbox.capture_triggers,
    outbox.event_types, outbox.explain_row TO outbox_functions;
  GRANT EXECUTE ON FUNCTION outbox.capture_health TO outbox_listener;
END $$;
--> statement-breakpoint
SELECT outbox.grant_roles();
