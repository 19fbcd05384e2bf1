-- Creates the function that finds a row of the table by its key and says what the condition makes of it. It runs with the rights of
-- the table's owner, so that explaining needs no rights on the table; all it does is in explain_conditions.sql. It is told the table
-- and the options with every call, so that no rename makes it out of date. Keys are printed as in events (pinned_settings.sql).
CREATE OR REPLACE FUNCTION outbox.create_explanation(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  function_name text := format('capture_%s_explain', watch_id);
BEGIN
  EXECUTE format($sql$
    CREATE OR REPLACE FUNCTION outbox.%I(relation regclass, options json, wanted text)
    RETURNS TABLE (operation text, passes boolean, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO'
    SET "IntervalStyle" = 'iso_8601' SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' AS %L$sql$, function_name, $body$
#variable_conflict use_column
BEGIN
  PERFORM pg_catalog.set_config('search_path', outbox.capture_path(relation), true);
  RETURN QUERY SELECT c.operation, c.passes, c.problem FROM outbox.explain_conditions($1, $2, $3) AS c;
END $body$);
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I FROM PUBLIC', function_name);
  EXECUTE format('GRANT EXECUTE ON FUNCTION outbox.%I TO %s', function_name, (
    SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'outbox'));
END $$;
