-- Brings what captures each table to what its options say, and drops what is left over. In a copy of the database without its rows
-- nothing needs repair, because the options lie beside the triggers.
CREATE OR REPLACE FUNCTION outbox.repair() RETURNS TABLE (relation regclass, repaired boolean, message text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  found record;
BEGIN
  FOR found IN SELECT c.id FROM outbox.captures() AS c WHERE c.relation IS NULL ORDER BY c.id LOOP
    RETURN QUERY SELECT NULL::regclass, true, format('Dropped %s.', f) FROM outbox.drop_left_over(found.id) AS f;
  END LOOP;
  FOR found IN
    SELECT w.*, outbox.may_compile(c.relowner, w.owner) AS is_ours, c.relowner::regrole AS owner
    FROM outbox.captures() AS w
    JOIN pg_class c ON c.oid = w.relation
    WHERE w.relation IN (SELECT d.relation FROM outbox.capture_drift() AS d WHERE d.mend LIKE '%outbox.repair()')
       OR (SELECT count(*) FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
           WHERE t.tgrelid = w.relation AND p.proname ~ ('^capture_' || w.id || '_')) < json_array_length(w.options->'operations')
    ORDER BY w.watched_at
  LOOP
    IF NOT found.is_ours THEN
      RETURN QUERY SELECT found.relation::regclass, false, format('Its owner %s must call outbox.repair(), or outbox.watch() again.', found.owner);
      CONTINUE;
    END IF;
    BEGIN
      PERFORM outbox.compile_watch(found.relation, found.options, found.watched_at);
      RETURN QUERY SELECT found.relation::regclass, true, 'Generated its functions and triggers anew.'::text;
    EXCEPTION WHEN OTHERS THEN
      RETURN QUERY SELECT found.relation::regclass, false, format('Postgres refuses: %s. SELECT outbox.watch(%L, …).', SQLERRM, found.relation);
    END;
  END LOOP;
END $$;

COMMENT ON FUNCTION outbox.repair IS 'Brings what captures each table to what its options say, and drops what is left over.';
