-- Where what captures a table is not what outbox.watch() would make of its options today, and the call that mends it.
CREATE OR REPLACE FUNCTION outbox.capture_drift() RETURNS TABLE (relation regclass, problem text, mend text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  found record; -- read once, because the catalogue is large
  watched record;
BEGIN
  SELECT array_agg(c.id ORDER BY c.watched_at) AS ids, array_agg(c.relation ORDER BY c.watched_at) AS relations,
         array_agg(c.options ORDER BY c.watched_at) AS options
  INTO found FROM outbox.captures() AS c;
  RETURN QUERY
    SELECT NULL::regclass, format('Functions outbox.capture_%s_… are left over: no table is captured by them.', c.id),
           'SELECT * FROM outbox.repair()'
    FROM unnest(found.ids, found.relations) AS c (id, relation) WHERE c.relation IS NULL ORDER BY c.id;
  RETURN QUERY
    SELECT t.tgrelid::regclass, format('The trigger %I on %s calls outbox.%s(), whose options are not those of this table.', t.tgname, t.tgrelid::regclass, p.proname),
           format('SELECT outbox.watch(%L)', t.tgrelid::regclass)
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid AND p.pronamespace = 'outbox'::regnamespace
    CROSS JOIN LATERAL regexp_match(p.proname, '^capture_([1-9][0-9]{0,17})_[a-z]+$') AS part
    WHERE part IS NOT NULL AND t.tgparentid = 0
      AND NOT EXISTS (SELECT FROM unnest(found.ids, found.relations) AS c (id, relation) WHERE c.id = part[1]::bigint AND c.relation = t.tgrelid)
    ORDER BY t.tgrelid, t.tgname;
  FOR watched IN
    SELECT w.id, w.relation, w.options
    FROM unnest(found.ids, found.relations, found.options) WITH ORDINALITY AS w (id, relation, options, place)
    JOIN pg_class c ON c.oid = w.relation ORDER BY w.place
  LOOP
    BEGIN
      RETURN QUERY SELECT watched.relation::regclass, d.problem, d.mend FROM outbox.capture_drift_of(watched.id, watched.relation, watched.options) AS d;
    EXCEPTION WHEN OTHERS THEN
      RETURN QUERY SELECT watched.relation::regclass, format('The watch on %s cannot be checked: %s.', watched.relation, SQLERRM),
        format('SELECT outbox.watch(%L)', watched.relation);
    END;
  END LOOP;
END $$;

COMMENT ON FUNCTION outbox.capture_drift IS 'Where what captures a table is not what outbox.watch() would make of its options today, and the call that mends it.';
