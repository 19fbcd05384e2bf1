-- What must be granted before the triggers of a role's tables can write events; null: nothing.
CREATE OR REPLACE FUNCTION outbox.missing_writing_rights(role oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH record AS (
    SELECT p.oid, p.proowner, e.oid AS events, f.oid AS fanout
    FROM pg_proc p
    JOIN pg_class e ON e.relnamespace = p.pronamespace AND e.relname = 'events'
    JOIN pg_class f ON f.relnamespace = p.pronamespace AND f.relname = 'fanout'
    WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname = 'record'
  ), missing (sql) AS (
    SELECT format('GRANT USAGE ON SCHEMA outbox TO %s', who::regrole)
    FROM record CROSS JOIN LATERAL (SELECT role UNION SELECT proowner) AS needs (who) WHERE NOT has_schema_privilege(who, 'outbox', 'USAGE')
    UNION ALL
    SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', p.oid::regprocedure, role::regrole)
    FROM pg_proc p
    WHERE p.pronamespace = 'outbox'::regnamespace AND p.proname IN ('record', 'may_record') AND NOT has_function_privilege(role, p.oid, 'EXECUTE')
    UNION ALL
    SELECT format('GRANT SELECT, INSERT ON outbox.events TO %s', proowner::regrole) FROM record
    WHERE NOT has_table_privilege(proowner, events, 'INSERT') OR NOT has_table_privilege(proowner, events, 'SELECT')
    UNION ALL
    SELECT format('GRANT INSERT ON outbox.fanout TO %s', proowner::regrole) FROM record WHERE NOT has_table_privilege(proowner, fanout, 'INSERT')
    UNION ALL
    SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', p.oid::regprocedure, r.proowner::regrole)
    FROM record r
    JOIN pg_proc p ON p.pronamespace = 'outbox'::regnamespace
      AND p.proname IN ('event_type', 'bounded', 'context', 'must_notify', 'listener_is_polling', 'event_id')
    WHERE NOT has_function_privilege(r.proowner, p.oid, 'EXECUTE')
  )
  SELECT string_agg(sql || ';', ' ') FROM missing
$$;
