-- Refuses default names that a table of the same name in another schema has already: receivers could not tell the two apart.
CREATE OR REPLACE FUNCTION outbox.check_namesakes(relation regclass, types json, has_default_type boolean, has_default_key boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  class pg_class;
  namesake record;
  schema text;
  hint text;
BEGIN
  SELECT * INTO class FROM pg_class WHERE oid = relation;
  SELECT w.relation, shared.type, (w.options->>'default_key')::boolean AND has_default_key AS shares_key INTO namesake
  FROM outbox.captures() AS w
  JOIN pg_class c ON c.oid = w.relation AND c.oid <> class.oid AND c.relname = class.relname AND c.relnamespace <> class.relnamespace
  LEFT JOIN LATERAL (
    SELECT mine.type
    FROM json_each(types) AS t
    CROSS JOIN LATERAL json_array_elements_text(t.value) AS mine (type)
    WHERE has_default_type AND w.options->'frozen'->>'name' = class.relname
      AND mine.type IN (SELECT json_array_elements_text(value) FROM json_each(w.options->'types'))
    LIMIT 1) AS shared ON true
  WHERE shared.type IS NOT NULL OR (w.options->>'default_key')::boolean AND has_default_key AND w.options->'frozen'->>'name' = class.relname
  LIMIT 1;
  IF namesake IS NULL THEN RETURN; END IF;
  schema := regexp_replace(class.relnamespace::regnamespace::text, '[^A-Za-z0-9_]', '_', 'g');
  hint := concat_ws(', ',
    CASE WHEN namesake.type IS NOT NULL THEN format('type => %L', schema || '.' || class.relname || '.{operation}') END,
    CASE WHEN namesake.shares_key THEN format('key => %L', outbox.default_key(relation, json_build_object('frozen',
      json_build_object('name', schema || '.' || class.relname)))) END);
  PERFORM outbox.refuse_watch(
    format('%s has the same name as %s, which is watched already, and their %s would be the same', relation, namesake.relation,
           CASE WHEN namesake.type IS NULL THEN 'keys' WHEN namesake.shares_key THEN 'types and keys' ELSE 'types' END),
    format('Tell them apart, for example with %s.', hint));
END $$;
