-- Completes the options of a watch, and refuses each problem by name.
CREATE OR REPLACE FUNCTION outbox.full_watch_options(
  relation regclass, operations text[], type text, types json, type_sql text, possible_types text[], columns text[],
  except_columns text[], when_changed text[], condition text, key text, tenant text, fields json, data text
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  types_of json;
BEGIN
  PERFORM outbox.check_watch_options(relation, operations, types, type_sql, possible_types, columns, except_columns,
    when_changed, fields, data);
  -- Columns that the data leaves out cause no events either, unless when_changed says so.
  when_changed := coalesce(when_changed, columns, CASE WHEN except_columns IS NOT NULL THEN ARRAY(
    SELECT c.name FROM outbox.captured_columns(relation, NULL) AS c WHERE NOT c.name = ANY (except_columns) ORDER BY c.place) END);
  IF columns IS NULL AND fields IS NULL AND data IS NULL THEN
    columns := ARRAY(SELECT c.name FROM outbox.captured_columns(relation, NULL) AS c
                     WHERE NOT c.name = ANY (coalesce(except_columns, '{}')) ORDER BY c.place);
    PERFORM outbox.check_columns(relation, 'columns', columns);
  END IF;
  IF coalesce(key, outbox.default_key(relation, NULL)) IS NULL THEN
    PERFORM outbox.refuse_watch(format('%s has no primary key', relation),
      $hint$Say what identifies a row, for example key => 'NEW.code'.$hint$);
  END IF;
  types_of := outbox.watched_types(relation, operations, type, types, type_sql, possible_types);
  PERFORM outbox.check_namesakes(relation, types_of, type IS NULL AND type_sql IS NULL, key IS NULL);
  RETURN json_strip_nulls(json_build_object(
    'operations', operations, 'types', types_of, 'type_sql', type_sql, 'columns', columns, 'when_changed', when_changed,
    'condition', condition, 'key', coalesce(key, outbox.default_key(relation, NULL)), 'default_key', key IS NULL,
    'tenant', tenant, 'fields', fields, 'data', data));
END $$;
