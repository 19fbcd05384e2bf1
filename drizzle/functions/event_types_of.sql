-- The event types that one watch can produce, with the fields that their data has today. Postgres tells the type
-- of an expression by running it, so the types of fields are null where somebody else than the outbox's owner wrote them.
CREATE OR REPLACE FUNCTION outbox.event_types_of(watched regclass, options json, is_trusted boolean)
RETURNS TABLE (type text, relation text, operations text[], fields json)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH described (types) AS MATERIALIZED (SELECT CASE WHEN is_trusted THEN outbox.described_fields(watched, options) END)
  SELECT kind.type, outbox.full_name(watched), array_agg(kind.operation ORDER BY kind.place),
    CASE WHEN options->'data' IS NOT NULL THEN NULL
         WHEN options->'fields' IS NOT NULL THEN (
           SELECT json_agg(outbox.type_description(f.key, (d.types->>f.key)::oid, true) ORDER BY f.place)
           FROM json_each_text(options->'fields') WITH ORDINALITY AS f (key, value, place)
           CROSS JOIN described AS d)
         ELSE (
           SELECT json_agg(outbox.type_description(c.name, a.type, a.nullable) ORDER BY c.place)
           FROM json_array_elements_text(options->'columns') WITH ORDINALITY AS c (name, place)
           LEFT JOIN outbox.captured_columns(watched, options) AS a ON a.name = c.name AND a.known) END
  FROM (
    SELECT t.type, o.key AS operation, array_position('{insert,update,delete,truncate}', o.key) AS place
    FROM json_each(options->'types') AS o (key, value)
    CROSS JOIN LATERAL json_array_elements_text(o.value) AS t (type)
  ) AS kind
  GROUP BY kind.type
$$;
