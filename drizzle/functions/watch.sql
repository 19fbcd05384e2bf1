-- Captures the changes of a table. It generates one plpgsql function and one trigger for each operation, so that the writer
-- runs no dynamic SQL, and the trigger's WHEN turns away what is not wanted.
-- Expressions run with the rights of the caller, who must own the table: they are trusted like its triggers.
CREATE OR REPLACE FUNCTION outbox.watch(
  relation regclass,
  operations text[] DEFAULT '{insert,update,delete,truncate}',
  type text DEFAULT NULL,
  types json DEFAULT NULL,
  type_sql text DEFAULT NULL,
  possible_types text[] DEFAULT NULL,
  columns text[] DEFAULT NULL,
  except_columns text[] DEFAULT NULL,
  when_changed text[] DEFAULT NULL,
  condition text DEFAULT NULL,
  key text DEFAULT NULL,
  tenant text DEFAULT NULL,
  fields json DEFAULT NULL,
  data text DEFAULT NULL,
  only_own_rows boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  full_options json;
  watch_id bigint;
BEGIN
  PERFORM outbox.check_watchable(relation, only_own_rows);
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
  full_options := outbox.full_watch_options(relation, operations, type, types, type_sql, possible_types, columns,
    except_columns, when_changed, condition, key, tenant, fields, data);
  PERFORM outbox.check_expressions(relation, full_options);
  INSERT INTO outbox.watches AS w (relation, options) VALUES (watch.relation, full_options)
  ON CONFLICT ON CONSTRAINT watches_relation DO UPDATE SET options = excluded.options, watched_at = clock_timestamp()
  RETURNING w.id INTO watch_id;
  PERFORM outbox.compile_watch(watch_id, relation, full_options);
END $$;

COMMENT ON FUNCTION outbox.watch IS 'Captures the changes of a table as events; called again, it replaces the options.';
