-- What has drifted for one watched table. It compares and prints, and runs nothing of the table's owner.
CREATE OR REPLACE FUNCTION outbox.capture_drift_of(watch_id bigint, relation regclass, options json) RETURNS TABLE (problem text, mend text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH facts AS (
    SELECT c.relowner AS keeper, pg_has_role(c.relowner, e.relowner, 'USAGE') AS is_direct, options->'frozen' AS frozen,
           outbox.current_options(relation, options) AS today,
           format('SELECT outbox.watch(%L, …)', relation) AS watch_again, 'SELECT * FROM outbox.repair()' AS repair
    FROM pg_class c CROSS JOIN pg_class e
    WHERE c.oid = relation AND e.oid = 'outbox.events'::regclass
  ), part AS (
    SELECT p.oid, p.proname, p.proowner, p.prosrc, p.proconfig, p.prosecdef, o.operation, t.oid AS trigger_id, t.tgname
    FROM json_array_elements_text(options->'operations') AS o (operation)
    JOIN pg_proc p ON p.pronamespace = 'outbox'::regnamespace AND p.proname = format('capture_%s_%s', watch_id, o.operation)
    JOIN pg_trigger t ON t.tgrelid = relation AND t.tgfoid = p.oid AND t.tgparentid = 0
  )
  SELECT format('%s is shown to receivers under the name it had when it was watched, %s; so are its types and keys.', relation, frozen->>'table'), watch_again
  FROM facts WHERE outbox.full_name(relation) <> frozen->>'table'
  UNION ALL
  SELECT format('Columns of %s were renamed; their events keep the old names: %s.', relation, string_agg(format('%s is shown as %s', c.column_name, c.name), ', ')), watch_again
  FROM facts CROSS JOIN outbox.captured_columns(relation, options) AS c WHERE c.known AND c.name <> c.column_name GROUP BY watch_again
  UNION ALL
  SELECT format('%s has lost columns that its events show: %s.', relation, gone), watch_again
  FROM facts CROSS JOIN outbox.lost_columns(relation, options) AS gone WHERE gone IS NOT NULL
  UNION ALL
  SELECT format('The primary key of %s has changed; the keys of its events are still made of %s.', relation, (
           SELECT string_agg(n.name, ', ') FROM json_array_elements_text(frozen->'key') AS n (name))), watch_again
  FROM facts
  WHERE ARRAY(SELECT k.name FROM outbox.key_columns(relation, options) AS k) <> ARRAY(SELECT k.name FROM outbox.key_columns(relation, NULL) AS k)
    AND frozen->'key' IS NOT NULL
  UNION ALL
  SELECT format('The capture of %s runs with the rights of %s, but the table belongs to %s.', relation, string_agg(DISTINCT p.proowner::regrole::text, ', '), keeper::regrole), repair
  FROM facts JOIN pg_proc p ON p.pronamespace = 'outbox'::regnamespace AND p.proname ~ ('^capture_' || watch_id || '_[a-z]+$')
  WHERE p.proowner <> keeper GROUP BY keeper, repair
  UNION ALL
  SELECT format('%s on %s is not what its watch says: somebody changed it, or the table changed.', string_agg(
    format('outbox.%s()', part.proname), ', '), relation), repair
  FROM facts CROSS JOIN part
  WHERE NOT part.prosecdef OR part.proconfig IS DISTINCT FROM (
          SELECT array_agg(s) FROM json_array_elements_text(nullif(options->'compiled'->'settings'->>part.tgname, 'null')::json) AS s)
     OR outbox.trigger_condition(part.trigger_id) IS DISTINCT FROM options->'compiled'->'when'->>part.tgname
     OR part.prosrc <> outbox.capture_body(watch_id, relation, part.operation, today, is_direct, (options->'compiled'->'inside')::jsonb ? part.operation)
  GROUP BY repair
  UNION ALL
  SELECT format('%s may not write events, so changes of %s are lost: %s', p.proowner::regrole, relation, missing.rights), missing.rights
  FROM facts
  JOIN pg_proc p ON p.pronamespace = 'outbox'::regnamespace AND p.proname = format('capture_%s_watch', watch_id)
  CROSS JOIN LATERAL (SELECT outbox.missing_writing_rights(p.proowner) AS rights) AS missing
  WHERE missing.rights IS NOT NULL
$$;
