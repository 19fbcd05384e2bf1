-- Captures the changes of a table. It generates one plpgsql function and one trigger for each operation, so that the writer
-- runs no dynamic SQL, and the trigger's WHEN turns away what is not wanted.
-- Expressions run with the rights of the table's owner: they are trusted like its triggers. All options live in the catalogue,
-- beside the triggers (keep_options.sql), so that no record of them can be lost or out of date.
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
  missing text;
BEGIN
  -- What comes next is itself a function that the caller may lack the right to call.
  IF has_function_privilege('outbox.missing_rights(regclass)', 'EXECUTE') THEN
    PERFORM outbox.check_watchable(relation, only_own_rows);
    missing := outbox.missing_rights(relation);
  ELSE
    missing := format('SELECT outbox.grant_watching(%L);', current_user);
  END IF;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('outbox.watch: rights are missing: %s', missing),
      HINT = 'Nothing was changed. The owner of the outbox can grant them all with SELECT outbox.grant_watching(''…'').';
  END IF;
  EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
  full_options := outbox.full_watch_options(relation, operations, type, types, type_sql, possible_types, columns,
    except_columns, when_changed, condition, key, tenant, fields, data);
  PERFORM outbox.check_expressions(relation, full_options);
  PERFORM outbox.compile_watch(relation, full_options, clock_timestamp());
END $$;

COMMENT ON FUNCTION outbox.watch IS 'Captures the changes of a table as events; called again, it replaces the options.';
