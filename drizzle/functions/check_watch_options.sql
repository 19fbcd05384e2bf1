-- Refuses options of a watch that contradict each other or name what is not there.
CREATE OR REPLACE FUNCTION outbox.check_watch_options(
  relation regclass, operations text[], types json, type_sql text, possible_types text[], columns text[],
  except_columns text[], when_changed text[], fields json, data text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  operation text;
BEGIN
  FOREACH operation IN ARRAY coalesce(nullif(operations, '{}'), ARRAY[NULL]) LOOP
    IF operation IS NULL OR NOT operation = ANY ('{insert,update,delete,truncate}') THEN
      PERFORM outbox.refuse_watch(format('operations has %s', coalesce(quote_ident(operation), 'nothing')),
                                  'The operations are insert, update, delete and truncate.');
    END IF;
  END LOOP;
  FOR operation IN SELECT json_object_keys(types) LOOP
    IF NOT operation = ANY (operations) THEN
      PERFORM outbox.refuse_watch(format('types has %I, which is none of the watched operations', operation));
    END IF;
  END LOOP;
  IF (type_sql IS NULL) <> (possible_types IS NULL) THEN
    PERFORM outbox.refuse_watch('type_sql and possible_types go together', 'The catalogue must know what the expression can say.');
  ELSIF columns IS NOT NULL AND except_columns IS NOT NULL THEN
    PERFORM outbox.refuse_watch('columns and except_columns exclude each other');
  ELSIF fields IS NOT NULL AND data IS NOT NULL OR (fields IS NOT NULL OR data IS NOT NULL)
        AND (columns IS NOT NULL OR except_columns IS NOT NULL) THEN
    PERFORM outbox.refuse_watch('columns, except_columns, fields and data all say what the data is', 'Use one of them.');
  ELSIF fields IS NOT NULL AND json_typeof(fields) <> 'object' THEN
    PERFORM outbox.refuse_watch('fields is not an object', $hint$For example '{"id": "NEW.id", "status": "NEW.status"}'.$hint$);
  END IF;
  PERFORM outbox.check_columns(relation, 'columns', columns);
  PERFORM outbox.check_columns(relation, 'except_columns', except_columns);
  PERFORM outbox.check_columns(relation, 'when_changed', when_changed);
END $$;
