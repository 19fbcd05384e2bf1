-- The key as it is stored. A default key of numbers and uuids cannot be too long, so nothing shortens it.
CREATE OR REPLACE FUNCTION outbox.stored_key_sql(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN (options->>'default_key')::boolean AND count(*) <= 8
                   AND bool_and(k.type = ANY ('{int2,int4,int8,oid,uuid}'::regtype[]::oid[]))
              THEN 'outbox_key' ELSE 'outbox.bounded(outbox_key, 1000)' END
  FROM outbox.key_columns(relation, options) AS k
$$;
