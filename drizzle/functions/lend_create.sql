-- A function's new owner must be allowed to create one in its schema. Where the outbox's owner watches somebody else's table, that
-- right is given for the rest of compile_watch.sql. Returns whether it was.
CREATE OR REPLACE FUNCTION outbox.lend_create(keeper regrole) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF has_schema_privilege(keeper, 'outbox', 'CREATE')
     OR NOT pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'outbox'), 'USAGE') THEN
    RETURN false;
  END IF;
  EXECUTE format('GRANT CREATE ON SCHEMA outbox TO %s', keeper);
  RETURN true;
END $$;
