-- For the catalogue: every event type that the watched tables can produce, with the fields that its data has today.
-- A watch that cannot be described is left out with a warning; outbox.capture_health() names it.
CREATE OR REPLACE FUNCTION outbox.event_types() RETURNS TABLE (type text, relation text, operations text[], fields json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  watched record;
BEGIN
  FOR watched IN SELECT w.* FROM outbox.captures() AS w JOIN pg_class c ON c.oid = w.relation ORDER BY outbox.full_name(w.relation) LOOP
    BEGIN
      RETURN QUERY SELECT t.type, t.relation, t.operations, t.fields FROM outbox.event_types_of(watched.relation, watched.options, outbox.is_trusted(watched.owner)) AS t;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'outbox: the events of % cannot be described: %', watched.relation, SQLERRM;
    END;
  END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.event_types FROM PUBLIC;
