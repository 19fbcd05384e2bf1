-- SQL that finds candidates for a default key through the primary key's index; null: the key cannot be of this table.
-- Each operator is the index's own, written with its schema, because types of extensions may lie in any schema. The values are cast
-- to the types beneath domains, because a domain may refuse a value that is merely looked for.
CREATE OR REPLACE FUNCTION outbox.default_key_lookup(relation regclass, options json, wanted text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH key AS (
    SELECT coalesce(options->'frozen'->>'name', c.relname) || '/' AS prefix, i.indnkeyatts AS columns,
           k.place::int AS place, a.attname, t.typcategory, outbox.base_type(t.oid) AS type, o.oprname, n.nspname
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_opclass oc ON oc.oid = (i.indclass::oid[])[k.place - 1] -- an oidvector counts from 0
    JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amopstrategy = 3
                   AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype
    JOIN pg_operator o ON o.oid = am.amopopr
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE i.indrelid = relation AND i.indisprimary AND k.place <= i.indnkeyatts
  ), part AS (
    SELECT key.*, CASE WHEN columns = 1 THEN rest
                       WHEN typcategory IN ('N', 'D', 'B') THEN parts[place]
                       ELSE replace(replace(parts[place], '%2F', '/'), '%25', '%') END AS value
    FROM key
    CROSS JOIN LATERAL (SELECT substr(wanted, length(prefix) + 1)) AS after (rest)
    CROSS JOIN LATERAL (SELECT string_to_array(rest, '/')) AS split (parts)
    WHERE starts_with(wanted, prefix) AND (columns = 1 OR columns = cardinality(parts))
  )
  SELECT string_agg(format('NEW.%I OPERATOR(%I.%s) %L::%s', attname, nspname, oprname, value, format_type(type, -1)),
                    ' AND ' ORDER BY place)
  FROM part
$$;
