-- Whether senders have to identify the database again (identify.sql): one that is held wants to be vouched for, or rows of another
-- database have been put in place of its own.
CREATE OR REPLACE FUNCTION outbox.must_identify() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM outbox.held_senders)
      OR outbox.held_reason() IS NOT NULL
      OR NOT EXISTS (SELECT FROM outbox.identity)
$$;

COMMENT ON FUNCTION outbox.must_identify IS 'Whether senders have to identify the database again.';

REVOKE EXECUTE ON FUNCTION outbox.must_identify FROM PUBLIC;
