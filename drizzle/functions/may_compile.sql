-- Whether the caller may generate anew what captures a table. The text of the options becomes statements that run with the caller's
-- rights, so it must be the caller's own, or that of the outbox's owner.
CREATE OR REPLACE FUNCTION outbox.may_compile(table_owner oid, options_owner oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_has_role(table_owner, 'USAGE')
     AND (options_owner = (SELECT oid FROM pg_roles WHERE rolname = current_user) OR outbox.is_trusted(options_owner))
$$;
