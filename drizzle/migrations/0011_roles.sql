-- Least privilege: outbox_functions for the Worker, outbox_listener for the listener. Neither can log in; a user that can
-- is made a member (docs/roles.md). Who runs the migrations owns everything and is neither.

-- Says who may do what, in one table. Call it again after adding a table, or after making the roles by hand.
CREATE FUNCTION outbox.grant_roles() RETURNS void
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
  GRANT EXECUTE ON FUNCTION outbox.run_idempotent TO outbox_functions;
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.grant_roles IS 'Creates outbox_functions and outbox_listener where they are missing, and gives them their rights.';
--> statement-breakpoint
-- Whoever may write to a captured table must be able to write its event: the schema's functions can be named by all, and
-- outbox.emit() and the outbox.record() behind it be called by all. The tables are for nobody.
GRANT USAGE ON SCHEMA outbox TO PUBLIC;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION outbox.run_idempotent, outbox.grant_roles FROM PUBLIC;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION outbox.endpoint_changed, outbox.open_lane, outbox.secret_changed, outbox.endpoint_disabled,
  outbox.endpoint_resumed, outbox.someone_is_awake FROM PUBLIC;
--> statement-breakpoint
SELECT outbox.grant_roles();
