-- The type beneath a domain, and beneath domains over domains; any other type is its own.
CREATE OR REPLACE FUNCTION outbox.base_type(type oid) RETURNS oid
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE beneath AS (
    SELECT t.oid, t.typtype, t.typbasetype FROM pg_type t WHERE t.oid = type
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype FROM beneath b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
  )
  SELECT oid FROM beneath WHERE typtype <> 'd'
$$;
