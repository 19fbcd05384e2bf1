-- Lets a role watch the tables that it owns. It gains no right to the outbox's tables: events are written by outbox.record().
CREATE OR REPLACE FUNCTION outbox.grant_watching(role regrole) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA outbox TO %s', role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s',
                 (SELECT string_agg(f::text, ', ') FROM outbox.watching_functions() AS f), role);
END $$;

COMMENT ON FUNCTION outbox.grant_watching IS 'Lets a role watch the tables that it owns.';

REVOKE EXECUTE ON FUNCTION outbox.grant_watching FROM PUBLIC;
