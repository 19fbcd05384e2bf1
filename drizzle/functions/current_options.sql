-- A watch's options as they read today. Expressions name columns as they were called when the table was watched; here they get
-- the names that the columns have now. What receivers see (types, keys, names of members) stays.
CREATE OR REPLACE FUNCTION outbox.current_options(relation regclass, options json) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_object_agg(o.key, CASE
    WHEN o.key = 'key' AND (options->>'default_key')::boolean THEN to_json(outbox.default_key(relation, options))
    -- In a trigger's WHEN Postgres computes virtual columns itself, and refuses the subquery that would.
    WHEN o.key = 'condition' THEN to_json(outbox.renamed_expression(relation, options, o.value #>> '{}'))
    WHEN o.key IN ('key', 'tenant', 'type_sql', 'data') THEN
      to_json(outbox.computed_expression(relation, options, outbox.renamed_expression(relation, options, o.value #>> '{}')))
    WHEN o.key = 'fields' THEN (
      SELECT json_object_agg(f.key, outbox.computed_expression(relation, options, outbox.renamed_expression(relation, options, f.value)) ORDER BY f.place)
      FROM json_each_text(o.value) WITH ORDINALITY AS f (key, value, place))
    ELSE o.value END ORDER BY o.place)
  FROM json_each(options) WITH ORDINALITY AS o (key, value, place)
$$;
