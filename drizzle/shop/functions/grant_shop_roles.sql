-- What the functions may do in the shop's tables. The listener needs none of them.
-- The migrator calls this each time, after outbox.grant_roles(), which creates the roles.
CREATE OR REPLACE FUNCTION public.grant_shop_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  allowed record;
BEGIN
  IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('outbox_functions', 'outbox_listener')) < 2 THEN
    RETURN; -- outbox.grant_roles() could not create them, and has said so
  END IF;
  GRANT USAGE ON SCHEMA public TO outbox_functions;
  FOR allowed IN
    SELECT relation, rights
    FROM (VALUES
      ('public.orders',           'SELECT, INSERT, UPDATE (status)'),
      ('public.order_items',      'SELECT, INSERT'),
      ('public.clients',          'SELECT'),
      ('public.items',            'SELECT'),
      ('public.item_fees',        'SELECT'),
      ('public.fulfillment_fees', 'SELECT'),
      ('public.charges',          'SELECT, INSERT'),
      ('public.notifications',    'SELECT, INSERT'),
      ('public.webhook_receipts', 'SELECT, INSERT')
    ) AS matrix (relation, rights)
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, outbox_functions, outbox_listener', allowed.relation);
    EXECUTE format('GRANT %s ON %s TO outbox_functions', allowed.rights, allowed.relation);
  END LOOP;
END $$;

COMMENT ON FUNCTION public.grant_shop_roles IS 'Gives outbox_functions its rights in the example''s tables.';

REVOKE EXECUTE ON FUNCTION public.grant_shop_roles FROM PUBLIC;
