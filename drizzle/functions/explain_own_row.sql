-- What the condition of a watch makes of a row, for the table's owner: outbox.explain_row() runs with the rights of the outbox's owner,
-- with which the code of another role must not run.
CREATE OR REPLACE FUNCTION outbox.explain_own_row(relation regclass, key text) RETURNS TABLE (operation text, passes boolean, problem text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO'
SET "IntervalStyle" = 'iso_8601' SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' AS $$
#variable_conflict use_column
DECLARE
  today json := (SELECT outbox.current_options(c.relation, c.options) FROM outbox.captures() AS c
                 WHERE c.relation = explain_own_row.relation LIMIT 1);
BEGIN
  PERFORM set_config('search_path', outbox.capture_path(explain_own_row.relation), true);
  RETURN QUERY SELECT c.operation, c.passes, c.problem FROM outbox.explain_conditions(explain_own_row.relation, today, explain_own_row.key) AS c;
END $$;

COMMENT ON FUNCTION outbox.explain_own_row IS 'What the condition of a watch makes of a row, for the table''s owner.';
