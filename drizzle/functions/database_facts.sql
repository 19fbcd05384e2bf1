-- What a copy of this database does not have in common with it, as far as the server tells: which installation of Postgres it is
-- (a physical copy has the same), which database in it, and on Neon which branch. What a failover changes too is not among it:
-- address, time line of the log, time of the start. It runs with its owner's rights, so that every role sees the same.
CREATE OR REPLACE FUNCTION outbox.database_facts() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  system text;
  neon text;
BEGIN
  BEGIN
    SELECT system_identifier INTO system FROM pg_control_system();
  EXCEPTION WHEN insufficient_privilege OR undefined_function THEN NULL; -- a hardened server
  END;
  BEGIN
    neon := concat_ws('/', nullif(current_setting('neon.tenant_id', true), ''), nullif(current_setting('neon.timeline_id', true), ''));
  EXCEPTION WHEN insufficient_privilege THEN NULL;
  END;
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'system', system,
    'database', (SELECT oid::text FROM pg_database WHERE datname = current_database()),
    'neon', nullif(neon, '')));
END $$;

COMMENT ON FUNCTION outbox.database_facts IS 'What a copy of this database does not have in common with it.';

REVOKE EXECUTE ON FUNCTION outbox.database_facts FROM PUBLIC;
