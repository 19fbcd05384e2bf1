-- For how long the oldest transaction has kept vacuum from cleaning up. It sees all sessions because it runs with its
-- owner's rights.
CREATE OR REPLACE FUNCTION outbox.oldest_transaction_seconds() RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT greatest(coalesce(max(extract(epoch FROM clock_timestamp() - started)), 0), 0)::float8
  FROM (
    SELECT xact_start FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
    UNION ALL
    SELECT prepared FROM pg_prepared_xacts
  ) AS transactions (started)
$$;

COMMENT ON FUNCTION outbox.oldest_transaction_seconds IS 'For how long the oldest transaction has kept vacuum from cleaning up.';

REVOKE EXECUTE ON FUNCTION outbox.oldest_transaction_seconds FROM PUBLIC;
