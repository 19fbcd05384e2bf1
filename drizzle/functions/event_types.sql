-- For the catalogue: every event type that the watched tables can produce, with the fields that its data has today.
CREATE OR REPLACE FUNCTION outbox.event_types() RETURNS TABLE (type text, relation text, operations text[], fields json)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  watched record;
  described json;
BEGIN
  FOR watched IN SELECT w.* FROM outbox.watches w JOIN pg_class c ON c.oid = w.relation ORDER BY outbox.full_name(w.relation) LOOP
    EXECUTE format('SELECT outbox.capture_%s_describe()', watched.id) INTO described;
    RETURN QUERY
    SELECT kind.type, outbox.full_name(watched.relation), array_agg(kind.operation ORDER BY kind.place),
      CASE WHEN watched.options->'data' IS NOT NULL THEN NULL
           WHEN watched.options->'fields' IS NOT NULL THEN (
             SELECT json_agg(outbox.type_description(f.key, (described->>f.key)::oid, true) ORDER BY f.place)
             FROM json_each_text(watched.options->'fields') WITH ORDINALITY AS f (key, value, place))
           ELSE (
             SELECT json_agg(outbox.type_description(c.name, a.type, a.nullable) ORDER BY c.place)
             FROM json_array_elements_text(watched.options->'columns') WITH ORDINALITY AS c (name, place)
             LEFT JOIN outbox.captured_columns(watched.relation) AS a ON a.name = c.name) END
    FROM (
      SELECT t.type, o.key AS operation, array_position('{insert,update,delete,truncate}', o.key) AS place
      FROM json_each(watched.options->'types') AS o (key, value)
      CROSS JOIN LATERAL json_array_elements_text(o.value) AS t (type)
    ) AS kind
    GROUP BY kind.type;
  END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION outbox.event_types FROM PUBLIC;
