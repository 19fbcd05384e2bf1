-- The search_path in which the expressions of a watch are resolved: Postgres' own names, then the table's schema.
CREATE OR REPLACE FUNCTION outbox.capture_path(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('pg_catalog, %s, pg_temp', relnamespace::regnamespace) FROM pg_class WHERE oid = relation
$$;
