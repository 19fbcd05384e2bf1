-- For how long the oldest transaction that has written something has been open. It sees all sessions because it runs with its
-- owner's rights.
CREATE OR REPLACE FUNCTION outbox.oldest_writer_seconds() RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT greatest(coalesce(max(extract(epoch FROM clock_timestamp() - started)), 0), 0)::float8
  FROM (
    SELECT xact_start FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
    UNION ALL
    SELECT prepared FROM pg_prepared_xacts
  ) AS transactions (started)
$$;

REVOKE EXECUTE ON FUNCTION outbox.oldest_writer_seconds FROM PUBLIC;
