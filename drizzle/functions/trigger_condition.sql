-- A trigger's WHEN as Postgres prints it; null: it has none.
CREATE OR REPLACE FUNCTION outbox.trigger_condition(trigger_id oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT substring(pg_get_triggerdef(trigger_id) FROM ' WHEN \((.*)\) EXECUTE FUNCTION ')
$$;
