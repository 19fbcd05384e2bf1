-- The types that a watch's `fields` have as its table is generated, by name: {"field": "schema.type"}. It is asked for by who may
-- generate it, whose expressions these are, and kept for others, who must not run them.
CREATE OR REPLACE FUNCTION outbox.field_types(relation regclass, options json) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_object_agg(f.key, format_type(f.value::oid, NULL)) FROM json_each_text(outbox.described_fields(relation, options)) AS f
$$;
