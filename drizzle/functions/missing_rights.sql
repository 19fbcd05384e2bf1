-- What somebody must grant before the current role can watch a table; null: nothing. The functions that capture it will belong to
-- the table's owner.
CREATE OR REPLACE FUNCTION outbox.missing_rights(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH keeper AS (
    SELECT c.relowner AS role, n.nspowner, pg_has_role(c.relowner, n.nspowner, 'USAGE') AS owns_outbox
    FROM pg_class c CROSS JOIN pg_namespace n
    WHERE c.oid = relation AND n.nspname = 'outbox'
  ), missing (place, sql) AS (
    SELECT 1, format('GRANT USAGE ON SCHEMA outbox TO %s', role::regrole) FROM keeper
    WHERE NOT has_schema_privilege(role, 'outbox', 'USAGE')
    UNION ALL
    SELECT 2, format('GRANT CREATE ON SCHEMA outbox TO %s', role::regrole) FROM keeper
    WHERE NOT has_schema_privilege(role, 'outbox', 'CREATE') AND NOT pg_has_role(nspowner, 'USAGE')
    UNION ALL
    SELECT 3, format('GRANT EXECUTE ON FUNCTION %s TO %s', string_agg(f::text, ', ' ORDER BY f::text), who::regrole)
    FROM keeper
    CROSS JOIN LATERAL (SELECT role UNION SELECT oid FROM pg_roles WHERE rolname = current_user) AS needs (who)
    CROSS JOIN outbox.watching_functions() AS f
    WHERE NOT has_function_privilege(who, f, 'EXECUTE')
    GROUP BY who
    UNION ALL
    SELECT 4, format('GRANT %s TO %I WITH SET TRUE', role::regrole, current_user) FROM keeper WHERE NOT pg_has_role(role, 'SET')
  )
  SELECT string_agg(sql || ';', ' ' ORDER BY place, sql) FROM missing
$$;
