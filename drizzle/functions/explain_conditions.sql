-- Finds the rows with a key and says, for each operation, whether the condition lets them pass. It never raises: a problem is a
-- SQLSTATE, for one operation or, where the operation is null, for the search itself, which comes first. No row: there is none with
-- this key.
-- It runs with the rights of its caller, who has set the search_path for the expressions (create_explanation.sql).
CREATE OR REPLACE FUNCTION outbox.explain_conditions(relation regclass, options json, wanted text)
RETURNS TABLE (operation text, passes boolean, problem text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  -- Its index is there, and is still that of the key.
  is_indexed constant boolean := (options->>'default_key')::boolean
    AND ARRAY(SELECT k.name FROM outbox.key_columns(relation, options) AS k) = ARRAY(SELECT k.name FROM outbox.key_columns(relation, NULL) AS k);
  by_key constant text := format(E'outbox.bounded((%s\n)::pg_catalog.text, 1000) OPERATOR(pg_catalog.=) %L',
                                 options->>'key', outbox.bounded(wanted, 1000));
  source constant text := format('FROM %s AS new CROSS JOIN LATERAL (SELECT new.*) AS old WHERE ', relation);
  -- A shortened key does not tell its values.
  is_shortened constant boolean := octet_length(wanted) >= 275 AND wanted ~ '\.\.\.[0-9a-f]{32}$';
  indexed text;
  is_found boolean := false;
  checked text;
BEGIN
  IF is_indexed AND NOT is_shortened THEN
    indexed := outbox.default_key_lookup(relation, options, wanted);
    IF indexed IS NULL THEN RETURN; END IF;
    BEGIN
      EXECUTE format('SELECT EXISTS (SELECT %s %s AND %s)', source, indexed, by_key) INTO is_found;
      IF NOT is_found THEN RETURN; END IF;
    EXCEPTION
      WHEN data_exception THEN RETURN; -- no value of the key's type
      WHEN OTHERS THEN indexed := NULL; -- such as a missing right: the slow way says it too
    END;
  END IF;
  IF NOT is_found THEN
    BEGIN
      EXECUTE format('SELECT EXISTS (SELECT %s %s)', source, by_key) INTO is_found;
      IF NOT is_found THEN RETURN; END IF;
    EXCEPTION WHEN OTHERS THEN
      RETURN QUERY SELECT NULL::text, NULL::boolean, SQLSTATE;
      RETURN;
    END;
  END IF;
  RETURN QUERY SELECT NULL::text, true, NULL::text;
  FOR checked IN SELECT json_array_elements_text(options->'operations') LOOP
    CONTINUE WHEN checked = 'truncate';
    BEGIN
      RETURN QUERY EXECUTE format(E'SELECT %L, (%s\n) IS TRUE, NULL::pg_catalog.text %s %s', checked,
        coalesce(outbox.expression_for(options->>'condition', checked), 'true'), source, concat_ws(' AND ', indexed, by_key));
    EXCEPTION WHEN OTHERS THEN
      RETURN QUERY SELECT checked, NULL::boolean, SQLSTATE;
    END;
  END LOOP;
END $$;
