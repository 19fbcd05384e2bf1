-- For a row that made no event: every condition of its capture, in the order in which they are checked. It always answers: what it
-- could not find out is a line of its own, with the SQLSTATE and without any value.
CREATE OR REPLACE FUNCTION outbox.explain_row(table_name text, key text) RETURNS TABLE (passed boolean, message text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  asked regclass;
  watched outbox.watches;
  today json;
  filter record;
  found_row boolean := false;
  may_look boolean;
BEGIN
  BEGIN
    -- Not with to_regclass(), which wants a right to the schema.
    SELECT c.oid INTO asked
    FROM (SELECT parse_ident(table_name)::name[]) AS parsed (parts)
    JOIN pg_namespace n ON n.nspname = CASE cardinality(parts) WHEN 1 THEN 'public' WHEN 2 THEN parts[1] END
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = parts[cardinality(parts)];
  EXCEPTION WHEN OTHERS THEN NULL; -- no name of a table
  END;
  IF asked IS NULL THEN
    RETURN QUERY SELECT false, format('There is no table %s. Name it with its schema, for example public.orders.', table_name);
    RETURN;
  END IF;
  SELECT * INTO watched FROM outbox.watches w WHERE w.relation = asked;
  IF watched.id IS NULL THEN
    SELECT w.* INTO watched FROM outbox.watches w WHERE w.relation IN (SELECT pg_partition_ancestors(asked));
  END IF;
  IF watched.id IS NULL THEN
    RETURN QUERY SELECT false, format('%s is not watched. SELECT outbox.watch(%L) captures its changes.', asked, asked::text);
    RETURN;
  END IF;
  RETURN QUERY SELECT true, format('%s is watched since %s.', watched.relation, outbox.at(watched.watched_at));
  RETURN QUERY
    SELECT o.operation = ANY (ARRAY(SELECT json_array_elements_text(watched.options->'operations'))),
           format(CASE WHEN o.operation = ANY (ARRAY(SELECT json_array_elements_text(watched.options->'operations')))
                       THEN '%s is captured.' ELSE '%s is not captured: it is not among the watched operations.' END, o.operation)
    FROM unnest('{insert,update,delete,truncate}'::text[]) WITH ORDINALITY AS o (operation, place) ORDER BY place;
  RETURN QUERY
    SELECT t.healthy, t.message FROM outbox.capture_triggers() AS t WHERE t.relation = watched.relation;
  IF watched.options->'when_changed' IS NOT NULL THEN
    RETURN QUERY SELECT true, format('An update makes an event only when it changes one of: %s.',
      (SELECT string_agg(c, ', ') FROM json_array_elements_text(watched.options->'when_changed') AS c));
  ELSE
    RETURN QUERY SELECT true, 'An update makes an event when it changes anything that its event shows.'::text;
  END IF;
  BEGIN
    today := outbox.current_options(watched.relation, watched.options);
    RETURN QUERY SELECT false, format('%s Mend it with %s.', d.problem, d.mend)
      FROM outbox.capture_drift_of(watched.id, watched.relation, watched.options) AS d;
    -- A function of another role may turn out to run with our rights, whatever it was when it was created.
    SELECT bool_and(outbox.is_trusted(p.proowner)) INTO may_look
    FROM pg_proc p WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname = format('capture_%s_explain', watched.id);
    IF NOT may_look THEN
      found_row := true;
      RETURN QUERY SELECT false, format('Did not look for the row: %s does not belong to the owner of the outbox, and its conditions must not run with the rights of that role. Its own owner may call outbox.explain_own_row(%L, %L).', watched.relation, watched.relation::text, key);
    END IF;
    FOR filter IN EXECUTE CASE WHEN may_look IS NOT FALSE THEN format('SELECT * FROM outbox.capture_%s_explain($1, $2, $3)', watched.id)
                                   ELSE 'SELECT WHERE false' END
                  USING watched.relation, today, key LOOP
      found_row := true;
      CONTINUE WHEN filter.operation IS NULL AND filter.problem IS NULL;
      RETURN QUERY SELECT coalesce(filter.passes, false), CASE
        WHEN filter.operation IS NULL THEN format('Could not find out whether there is a row with this key (%s).', outbox.sqlstate_reason(filter.problem))
        WHEN filter.problem IS NOT NULL THEN format('Could not find out whether the condition lets %s of this row pass (%s): %s',
          filter.operation, outbox.sqlstate_reason(filter.problem), today->>'condition')
        WHEN filter.passes THEN format('The condition lets %s of this row, as it is now, pass.', filter.operation)
        ELSE format('The condition drops %s of this row, as it is now: %s', filter.operation, today->>'condition') END;
    END LOOP;
  EXCEPTION WHEN OTHERS THEN
    found_row := true;
    RETURN QUERY SELECT false, format('Could not look for the row (%s). Call outbox.watch() for %s again.', outbox.sqlstate_reason(SQLSTATE), watched.relation);
  END;
  IF NOT found_row THEN
    RETURN QUERY SELECT false, format('There is no row with the key %s now: the change was rolled back, the row was deleted, or the key is another.', key);
  END IF;
  RETURN QUERY
    SELECT count(*) > 0, CASE WHEN count(*) > 0
      THEN format('There are events with this key, the latest from %s.', outbox.at(max(latest.occurred_at)))
      ELSE 'There is no event with this key. Changes made with outbox.capture = off, or with session_replication_role = replica, make none.' END
    FROM (SELECT e.occurred_at FROM outbox.events e WHERE e.key = outbox.bounded(explain_row.key, 1000) ORDER BY e.id DESC LIMIT 1) AS latest;
END $$;

COMMENT ON FUNCTION outbox.explain_row IS 'Why a row did or did not make an event: the table, its triggers, the filters.';

REVOKE EXECUTE ON FUNCTION outbox.explain_row FROM PUBLIC;
