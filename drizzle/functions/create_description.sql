-- Creates the function that tells the catalogue what type each of the event's fields has today.
CREATE OR REPLACE FUNCTION outbox.create_description(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  function_name text := format('capture_%s_describe', watch_id);
  described text;
BEGIN
  IF options->'fields' IS NOT NULL THEN
    SELECT outbox.json_object_sql(array_agg(f.key ORDER BY place),
                                  array_agg(format(E'pg_typeof((%s\n))::oid', f.value) ORDER BY place)) INTO described
    FROM json_each_text(options->'fields') WITH ORDINALITY AS f (key, value, place);
  ELSE
    described := quote_literal('{}') || '::json';
  END IF;
  EXECUTE format($sql$
    CREATE FUNCTION outbox.%I() RETURNS json LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = %s AS %L$sql$,
    function_name, outbox.capture_path(relation), format($body$
BEGIN
  RETURN (SELECT %s FROM (SELECT (NULL::%s).*) AS new CROSS JOIN (SELECT (NULL::%s).*) AS old);
EXCEPTION WHEN undefined_column OR undefined_table OR undefined_function OR datatype_mismatch THEN RETURN NULL;
END $body$, described, relation, relation));
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I FROM PUBLIC', function_name);
  EXECUTE format('GRANT EXECUTE ON FUNCTION outbox.%I TO %s', function_name, (
    SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'outbox'));
END $$;
