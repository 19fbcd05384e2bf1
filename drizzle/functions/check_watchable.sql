-- Refuses what cannot be watched: no table, not one's own, or one whose changes would become two events.
CREATE OR REPLACE FUNCTION outbox.check_watchable(relation regclass, only_own_rows boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  class pg_class;
  children text;
  relative regclass;
BEGIN
  SELECT * INTO class FROM pg_class WHERE oid = relation;
  IF class.relkind IS DISTINCT FROM 'r' AND class.relkind IS DISTINCT FROM 'p' THEN
    PERFORM outbox.refuse_watch(format('%s is not a table', relation), 'Only tables have rows whose changes a trigger sees.');
  ELSIF class.relpersistence = 't' THEN
    PERFORM outbox.refuse_watch(format('%s is a temporary table', relation), 'Its changes concern one session only.');
  ELSIF class.relnamespace IN ('outbox'::regnamespace, 'pg_catalog'::regnamespace) THEN
    PERFORM outbox.refuse_watch(format('%s belongs to the outbox or to Postgres', relation), 'Watch your own tables.');
  ELSIF NOT pg_has_role(class.relowner, 'USAGE') THEN
    PERFORM outbox.refuse_watch(format('only the owner of %s may watch it', relation),
                          format('Become %s first.', class.relowner::regrole));
  END IF;
  SELECT string_agg(inhrelid::regclass::text, ', ') INTO children FROM pg_inherits WHERE inhparent = relation;
  IF class.relkind = 'r' AND children IS NOT NULL AND NOT only_own_rows THEN
    PERFORM outbox.refuse_watch(format('%s is inherited by %s, whose rows its triggers do not see', relation, children),
                          'Watch those too, and say only_own_rows => true here.');
  END IF;
  SELECT w.relation INTO relative
  FROM outbox.captures() AS w
  WHERE w.relation <> class.oid
    AND (w.relation IN (SELECT pg_partition_ancestors(class.oid)) OR class.oid IN (SELECT pg_partition_ancestors(w.relation)));
  IF relative IS NOT NULL THEN
    PERFORM outbox.refuse_watch(format('%s is watched already, and shares partitions with %s', relative, relation),
                          'Every change would be two events.');
  END IF;
END $$;
