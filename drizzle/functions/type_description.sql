-- What the catalogue says of one field. A field that can no longer be read has the type null.
CREATE OR REPLACE FUNCTION outbox.type_description(name text, type oid, nullable boolean) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('name', name, 'type', format_type(base.oid, NULL), 'nullable', nullable,
    'array', element.oid IS NOT NULL,
    'values', CASE WHEN coalesce(element.typtype, base.typtype) = 'e' THEN (
      SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = coalesce(element.oid, base.oid)) END)
  FROM (SELECT) AS one
  LEFT JOIN pg_type given ON given.oid = type
  LEFT JOIN pg_type base ON base.oid = CASE WHEN given.typtype = 'd' THEN given.typbasetype ELSE given.oid END
  LEFT JOIN pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
$$;
