-- Generates every watch anew from its options. The migrator calls this after a change of a file that decides what is generated
-- (order.txt marks them). A table of another owner keeps its functions, which go on working; its row says false, and its owner may
-- call this. So does the row of a watch that Postgres refuses to compile, because one bad watch must not stop the others.
CREATE OR REPLACE FUNCTION outbox.recompile_watches() RETURNS TABLE (relation regclass, recompiled boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  watched record;
BEGIN
  FOR watched IN
    SELECT w.*, outbox.may_compile(c.relowner, w.owner) AS is_ours
    FROM outbox.captures() AS w
    JOIN pg_class c ON c.oid = w.relation
    ORDER BY w.watched_at
  LOOP
    IF watched.is_ours THEN
      BEGIN
        PERFORM outbox.compile_watch(watched.relation, watched.options, watched.watched_at);
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'outbox: the watch on % keeps its old functions: %', watched.relation, SQLERRM;
        watched.is_ours := false;
      END;
    END IF;
    RETURN QUERY SELECT watched.relation::regclass, watched.is_ours;
  END LOOP;
END $$;

COMMENT ON FUNCTION outbox.recompile_watches IS 'Generates the functions and triggers of every watched table anew.';
