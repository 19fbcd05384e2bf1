-- The trigger of every watched operation, and whether it fires. Explain and the self-check share this list.
CREATE OR REPLACE FUNCTION outbox.capture_triggers() RETURNS TABLE (relation regclass, operation text, healthy boolean, message text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.relation, o.operation, coalesce(t.tgenabled IN ('O', 'A'), false), CASE
    WHEN c.oid IS NULL THEN format('Table %s was dropped. SELECT outbox.unwatch(%L).', w.relation, w.relation::text)
    WHEN t.oid IS NULL THEN format('The trigger for %s on %s is missing. SELECT * FROM outbox.repair() creates it again.', o.operation, w.relation)
    WHEN t.tgenabled = 'O' THEN format('The trigger for %s on %s is there and enabled.', o.operation, w.relation)
    WHEN t.tgenabled = 'A' THEN format('The trigger for %s on %s is there and enabled always, also for replicated changes.', o.operation, w.relation)
    WHEN t.tgenabled = 'R' THEN format('The trigger for %s on %s fires only for replicated changes. ALTER TABLE %s ENABLE TRIGGER %I, or ENABLE ALWAYS TRIGGER for both.', o.operation, w.relation, w.relation, t.tgname)
    ELSE format('The trigger for %s on %s is disabled. ALTER TABLE %s ENABLE TRIGGER %I.', o.operation, w.relation, w.relation, t.tgname) END
  FROM outbox.watches w
  CROSS JOIN LATERAL json_array_elements_text(w.options->'operations') AS o (operation)
  LEFT JOIN pg_class c ON c.oid = w.relation
  LEFT JOIN pg_proc p ON p.pronamespace = 'outbox'::regnamespace AND p.proname = format('capture_%s_%s', w.id, o.operation)
  LEFT JOIN pg_trigger t ON t.tgrelid = w.relation AND t.tgfoid = p.oid AND t.tgparentid = 0
$$;

REVOKE EXECUTE ON FUNCTION outbox.capture_triggers FROM PUBLIC;
