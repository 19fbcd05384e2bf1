-- Refuses an expression that Postgres cannot plan over a row of the table as NEW and as OLD. It is planned, not run.
CREATE OR REPLACE FUNCTION outbox.check_expression(relation regclass, option text, expression text, type regtype) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
BEGIN
  IF expression IS NULL THEN RETURN; END IF;
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE format(E'SELECT (%s\n)::%s FROM %s AS new CROSS JOIN %s AS old WHERE false', expression, type, relation, relation);
  PERFORM set_config('search_path', own_path, true);
EXCEPTION WHEN OTHERS THEN
  PERFORM outbox.refuse_watch(format('%s is not a usable expression: %s', option, SQLERRM),
                        'It may use the columns of NEW and OLD. Write tables of other schemas with their schema.');
END $$;
