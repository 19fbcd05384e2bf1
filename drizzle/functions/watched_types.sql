-- The event types that each operation of a watch can produce, as {"insert": ["order.created"], …}.
CREATE OR REPLACE FUNCTION outbox.watched_types(
  relation regclass, operations text[], type text, types json, type_sql text, possible_types text[]
) RETURNS json
LANGUAGE plpgsql AS $$
DECLARE
  words constant json := '{"insert": "created", "update": "updated", "delete": "deleted", "truncate": "truncated"}';
  pattern text := coalesce(type, (SELECT relname FROM pg_class WHERE oid = relation) || '.{operation}');
  types_of json;
  type_name text;
BEGIN
  SELECT json_object_agg(o.operation, CASE
           WHEN o.operation <> 'truncate' AND type_sql IS NOT NULL THEN to_json(possible_types)
           ELSE json_build_array(coalesce(types->>o.operation, replace(pattern, '{operation}', words->>o.operation))) END)
  INTO types_of FROM unnest(operations) AS o (operation);
  FOR type_name IN SELECT json_array_elements_text(value) FROM json_each(types_of) LOOP
    IF type_name IS NULL OR type_name !~ '^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$' OR octet_length(type_name) > 200 THEN
      PERFORM outbox.refuse_watch(format('%L can not be an event type', type_name),
        $hint$Types are letters, digits and _ with dots between them; say for example type => 'invoice.{operation}'.$hint$);
    ELSIF starts_with(type_name, 'outbox.') THEN
      PERFORM outbox.refuse_watch(format('%L is one of the outbox''s own event types', type_name));
    END IF;
  END LOOP;
  RETURN types_of;
END $$;
