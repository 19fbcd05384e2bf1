-- Creates the trigger and its function for one operation. The trigger's name sorts first: if another trigger changed the row
-- again before it, the later event would come before the earlier one.
CREATE OR REPLACE FUNCTION outbox.create_capture(watch_id bigint, relation regclass, operation text, options json) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  own_path text := current_setting('search_path');
  function_name text := format('capture_%s_%s', watch_id, operation);
BEGIN
  EXECUTE format('CREATE FUNCTION outbox.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER %s AS %L',
    function_name, outbox.pinned_settings(relation, options), outbox.capture_body(relation, operation, options));
  EXECUTE format('REVOKE ALL ON FUNCTION outbox.%I() FROM PUBLIC', function_name);
  EXECUTE format('COMMENT ON FUNCTION outbox.%I() IS %L', function_name,
                 format('Captures each %s of %s. Written by outbox.watch().', operation, outbox.full_name(relation)));
  PERFORM set_config('search_path', outbox.capture_path(relation), true);
  EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s FOR EACH %s %s EXECUTE FUNCTION outbox.%I()',
                 '00_outbox_' || operation, operation, relation,
                 CASE WHEN operation = 'truncate' THEN 'STATEMENT' ELSE 'ROW' END,
                 'WHEN (' || outbox.capture_filter(relation, operation, options) || ')', function_name);
  PERFORM set_config('search_path', own_path, true);
END $$;
