-- SQL that tells whether a value has changed, for any type: with `=` if equal values of the type print alike, else byte by byte
-- (1.0 is not 1.00, and json, xml or point have no `=` at all). IS DISTINCT FROM stands without a schema because it is meant
-- for a trigger's WHEN, whose names are resolved once.
CREATE OR REPLACE FUNCTION outbox.differs_sql(type oid, collation_id oid, old_value text, new_value text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN t.typtype = 'e'
                   OR t.oid = ANY ('{bool,int2,int4,int8,oid,date,time,timestamp,timestamptz,uuid}'::regtype[]::oid[])
                   OR t.oid = ANY ('{text,varchar}'::regtype[]::oid[]) AND c.collisdeterministic
              THEN format('%s IS DISTINCT FROM %s', old_value, new_value)
              ELSE format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record', old_value, new_value) END
  FROM pg_type t
  LEFT JOIN pg_collation c ON c.oid = collation_id
  WHERE t.oid = type
$$;
