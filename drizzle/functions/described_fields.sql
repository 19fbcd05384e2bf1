-- The type that each field of a watch's `fields` has today, as {"field": oid}; null where it cannot be told. It runs the expressions
-- over an empty row, so the caller must trust them.
CREATE OR REPLACE FUNCTION outbox.described_fields(relation regclass, options json) RETURNS json
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  own_path text := current_setting('search_path');
  described json;
BEGIN
  IF options->'fields' IS NULL THEN RETURN NULL; END IF;
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE (
    SELECT format('SELECT %s FROM (SELECT (NULL::%s).*) AS new CROSS JOIN (SELECT (NULL::%s).*) AS old',
      outbox.json_object_sql(array_agg(f.key ORDER BY place), array_agg(format(E'pg_typeof((%s\n))::oid', f.value) ORDER BY place)),
      relation, relation)
    FROM json_each_text(outbox.current_options(relation, options)->'fields') WITH ORDINALITY AS f (key, value, place)) INTO described;
  PERFORM set_config('search_path', own_path, true);
  RETURN described;
EXCEPTION WHEN OTHERS THEN
  PERFORM set_config('search_path', own_path, true);
  RETURN NULL;
END $$;
