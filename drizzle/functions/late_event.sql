-- What a trigger function failed to compute: type, key, tenant and data of one change (late_capture.sql), printed as in all events.
-- The settings are pinned here too, because the trigger function pins only what the columns' types asked for when it was generated.
-- The rows are of any type, so that each table has its own plan.
CREATE OR REPLACE FUNCTION outbox.late_event(watch_id bigint, changed_table oid, operation text, new_row anyelement, old_row anyelement)
RETURNS TABLE (type text, key text, tenant text, data json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO'
SET "IntervalStyle" = 'iso_8601' SET bytea_output = 'hex' SET extra_float_digits = 1 SET lc_monetary = 'C' AS $$
DECLARE
  query constant text := outbox.late_capture(watch_id, changed_table, operation);
BEGIN
  PERFORM set_config('search_path', (SELECT outbox.capture_path(c.relation) FROM outbox.captures() AS c WHERE c.id = watch_id), true);
  RETURN QUERY EXECUTE query USING new_row, old_row;
END $$;
