-- The settings of a capture function, because sessions resolve names and print times, bytes, floats and intervals
-- differently, and events must look the same from all of them. Empty if the watch shows only columns whose types print alike
-- everywhere. Expressions are not analysed: they may call or print anything, so everything is pinned.
CREATE OR REPLACE FUNCTION outbox.pinned_settings(relation regclass, options json) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH expression (sql, as_text) AS (
    SELECT options->>'key', true WHERE NOT (options->>'default_key')::boolean
    UNION ALL SELECT options->>'tenant', true
    UNION ALL SELECT options->>'type_sql', true
    UNION ALL SELECT options->>'data', false
    UNION ALL SELECT value, false FROM json_each_text(options->'fields')
  ), readable AS (
    SELECT attname, attnum, atttypid FROM pg_attribute
    -- A virtual column is an expression too.
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated <> 'v'
  ), shown (type, as_text) AS ( -- type null: no mere column
    SELECT c.atttypid, e.as_text
    FROM expression e
    LEFT JOIN readable c ON c.attname = lower((regexp_match(e.sql, '^\s*(?:new|old)\.([a-z_][a-z0-9_]*)\s*$', 'i'))[1])
    WHERE e.sql IS NOT NULL
    UNION ALL
    SELECT c.atttypid, false
    FROM json_array_elements_text(options->'columns') AS name (name)
    LEFT JOIN outbox.captured_columns(relation, options) AS shown_column ON shown_column.known AND shown_column.name = name.name
    LEFT JOIN readable c ON c.attnum = shown_column.place
    UNION ALL
    SELECT k.type, true FROM outbox.key_columns(relation, options) AS k WHERE (options->>'default_key')::boolean
  ), printed (type, is_same, as_text) AS (
    SELECT t.oid, t.typtype = 'e' OR t.oid = ANY ('{bool,int2,int4,int8,oid,text,varchar,bpchar,name,uuid,numeric,json,jsonb,date,timestamp,time}'::regtype[]::oid[]), s.as_text
    FROM shown s
    LEFT JOIN pg_type a ON a.oid = s.type
    LEFT JOIN pg_type t ON t.oid = CASE WHEN a.typcategory = 'A' AND a.typelem <> 0 THEN a.typelem ELSE a.oid END
  ), pin (setting, type) AS (VALUES
    (format('search_path = %s', outbox.capture_path(relation)), NULL),
    ('"TimeZone" = ''UTC''', 'timestamptz'),
    ('bytea_output = ''hex''', 'bytea'),
    ('extra_float_digits = 1', 'float4'),
    ('extra_float_digits = 1', 'float8'),
    ('"IntervalStyle" = ''iso_8601''', 'interval'),
    ('lc_monetary = ''C''', 'money'),
    ('"DateStyle" = ''ISO''', NULL)
  ), needed AS (
    SELECT pin.setting
    FROM printed p
    JOIN pin ON pin.type::regtype = p.type
      -- Everything for an expression and for a type made of others (a range, a composite, a domain). Dates matter only as
      -- text: in JSON they always look alike.
      OR p.type IS NULL
      OR NOT p.is_same AND NOT p.type = ANY ('{timestamptz,bytea,float4,float8,interval,money}'::regtype[]::oid[])
      OR p.as_text AND p.type = ANY ('{date,timestamp,timestamptz}'::regtype[]::oid[])
  )
  SELECT coalesce(string_agg(DISTINCT 'SET ' || setting, ' '), '') FROM needed
$$;
