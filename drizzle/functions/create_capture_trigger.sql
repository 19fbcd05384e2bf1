-- Creates or replaces the trigger of one operation. Replaced, it keeps its comment, and fires when it did: always, only for
-- replicated changes, or not at all. Its name sorts first: if another trigger changed the row again before it, the later event
-- would come before the earlier one.
CREATE OR REPLACE FUNCTION outbox.create_capture_trigger(watch_id bigint, relation regclass, operation text, filter text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
  trigger_name text := '00_outbox_' || operation;
  fires "char";
BEGIN
  -- Only a trigger of ours: somebody else's of this name makes the call fail.
  SELECT t.tgenabled INTO fires
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  WHERE t.tgrelid = relation AND t.tgname = trigger_name
    AND p.pronamespace = 'outbox'::regnamespace AND p.proname ~ '^capture_[0-9]+_[a-z]+$';
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE format('CREATE %s TRIGGER %I AFTER %s ON %s FOR EACH %s %s EXECUTE FUNCTION outbox.%I()',
                 CASE WHEN fires IS NOT NULL THEN 'OR REPLACE' END, trigger_name, operation, relation,
                 CASE WHEN operation = 'truncate' THEN 'STATEMENT' ELSE 'ROW' END,
                 'WHEN (' || filter || ')', format('capture_%s_%s', watch_id, operation));
  PERFORM set_config('search_path', own_path, true);
  IF fires <> 'O' THEN
    EXECUTE format('ALTER TABLE %s %s TRIGGER %I', relation,
                   CASE fires WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, trigger_name);
  END IF;
END $$;
