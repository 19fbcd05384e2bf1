-- Whether outbox.record() can write an event for the current role: asked beforehand, because catching the error would give
-- each row of the writer a transaction id of its own.
CREATE OR REPLACE FUNCTION outbox.may_record() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(bool_and(
    has_schema_privilege(r.pronamespace, 'USAGE') AND has_function_privilege(r.oid, 'EXECUTE') AND r.prosecdef
    AND has_schema_privilege(r.proowner, r.pronamespace, 'USAGE')
    AND has_table_privilege(r.proowner, e.oid, 'INSERT') AND has_table_privilege(r.proowner, e.oid, 'SELECT')
    AND has_table_privilege(r.proowner, f.oid, 'INSERT')
    AND NOT EXISTS (
      SELECT FROM pg_proc p
      WHERE p.pronamespace = r.pronamespace AND NOT has_function_privilege(r.proowner, p.oid, 'EXECUTE')
        AND p.proname IN ('event_type', 'bounded', 'context', 'must_notify', 'listener_is_polling', 'event_id'))), false)
  FROM pg_namespace n
  JOIN pg_proc r ON r.pronamespace = n.oid AND r.proname = 'record'
  JOIN pg_class e ON e.relnamespace = n.oid AND e.relname = 'events'
  JOIN pg_class f ON f.relnamespace = n.oid AND f.relname = 'fanout'
  WHERE n.nspname = 'outbox'
$$;
