-- Whether what a role wrote may run with the rights of the outbox's owner: it has them anyway.
CREATE OR REPLACE FUNCTION outbox.is_trusted(role oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_has_role(role, n.nspowner, 'USAGE') FROM pg_namespace n WHERE n.nspname = 'outbox'
$$;
