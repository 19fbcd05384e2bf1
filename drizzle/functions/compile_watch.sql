-- Generates everything that follows from a watch's options: its functions and triggers.
CREATE OR REPLACE FUNCTION outbox.compile_watch(watch_id bigint, relation regclass, options json) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM outbox.drop_capture(relation);
  PERFORM outbox.create_description(watch_id, relation, options);
  PERFORM outbox.create_explanation(watch_id, relation, options);
  PERFORM outbox.create_capture(watch_id, relation, operation, options)
  FROM json_array_elements_text(options->'operations') AS operation;
END $$;
