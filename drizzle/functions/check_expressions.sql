-- Checks every expression of a watch, once for each operation that uses it.
CREATE OR REPLACE FUNCTION outbox.check_expressions(relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  operation text;
  field record;
BEGIN
  FOR operation IN SELECT json_array_elements_text(options->'operations') LOOP
    CONTINUE WHEN operation = 'truncate';
    IF operation = 'insert' AND EXISTS (SELECT FROM outbox.expression_words(options->>'condition') AS w WHERE lower(w.word) = 'old') THEN
      PERFORM outbox.refuse_watch('condition uses OLD, and an insert has no old row',
                            $hint$Say operations => '{update,delete}', or when_changed to compare old with new.$hint$);
    END IF;
    PERFORM outbox.check_expression(relation, 'condition',
      '(' || outbox.expression_for(options->>'condition', operation) || E'\n) IS TRUE', 'text');
    PERFORM outbox.check_expression(relation, 'key', outbox.expression_for(options->>'key', operation), 'text');
    PERFORM outbox.check_expression(relation, 'tenant', outbox.expression_for(options->>'tenant', operation), 'text');
    PERFORM outbox.check_expression(relation, 'type_sql', outbox.expression_for(options->>'type_sql', operation), 'text');
    PERFORM outbox.check_expression(relation, 'data',
      format(E'to_json((%s\n))', outbox.expression_for(options->>'data', operation)), 'text')
    WHERE options->>'data' IS NOT NULL;
    FOR field IN SELECT * FROM json_each_text(options->'fields') WHERE json_typeof(options->'fields') = 'object' LOOP
      PERFORM outbox.check_expression(relation, format('fields.%s', field.key),
        format(E'to_json((%s\n))', outbox.expression_for(field.value, operation)), 'text');
    END LOOP;
  END LOOP;
END $$;
