-- Generates everything that follows from a watch's options: its functions and triggers. They belong to the table's owner, so that
-- expressions, and the casts of the columns' types, run with no more rights than the table's own triggers. Where that owner may
-- also write events, as in most databases, the triggers do it themselves; else they call outbox.record().
CREATE OR REPLACE FUNCTION outbox.compile_watch(relation regclass, options json, watched_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  keeper regrole := (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = relation);
  is_direct boolean := (SELECT pg_has_role(keeper, c.relowner, 'USAGE') FROM pg_catalog.pg_class c WHERE c.oid = 'outbox.events'::regclass);
  operations text[] := ARRAY(SELECT json_array_elements_text(options->'operations'));
  watch_id bigint := outbox.capture_id(relation);
  frozen json := outbox.frozen_options(relation, options);
  today json := outbox.current_options(relation, frozen);
  is_lent boolean := outbox.lend_create(keeper);
  inside text[] := '{}';
  operation text;
BEGIN
  PERFORM outbox.create_explanation(watch_id, relation, today);
  FOREACH operation IN ARRAY operations LOOP
    IF outbox.create_capture(watch_id, relation, operation, today, is_direct) THEN
      inside := inside || operation;
    END IF;
  END LOOP;
  PERFORM outbox.keep_options(watch_id, outbox.compiled_options(
    watch_id, relation, frozen, inside, outbox.field_types(relation, frozen)), watched_at);
  PERFORM outbox.drop_capture(relation, watch_id, operations);
  PERFORM outbox.hand_over_capture(watch_id, keeper);
  IF is_lent THEN
    EXECUTE format('REVOKE CREATE ON SCHEMA outbox FROM %s', keeper);
  END IF;
END $$;
