-- Whether the caller may generate anew what captures a table of this owner. The options are the owner's: their text becomes statements
-- that would run with the caller's rights. So only for the caller's own tables, and for those of the outbox's owner.
CREATE OR REPLACE FUNCTION outbox.may_compile(table_owner oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_has_role(table_owner, 'USAGE')
     AND (table_owner::regrole::text = quote_ident(current_user) OR pg_has_role(table_owner, n.nspowner, 'USAGE'))
  FROM pg_namespace n WHERE n.nspname = 'outbox'
$$;
