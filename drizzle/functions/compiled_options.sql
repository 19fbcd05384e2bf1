-- A watch's options with `compiled`: what the generated triggers and functions were like, to tell later whether somebody changed them.
CREATE OR REPLACE FUNCTION outbox.compiled_options(watch_id bigint, relation regclass, options json, inside text[], field_types json) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_object_agg(o.key, o.value ORDER BY o.place)
  FROM (
    SELECT key, value, place FROM json_each(options) WITH ORDINALITY AS o (key, value, place)
    UNION ALL
    SELECT 'compiled', json_build_object('inside', inside, 'field_types', field_types,
      'when', json_object_agg(t.tgname, outbox.trigger_condition(t.oid)),
      'settings', json_object_agg(t.tgname, p.proconfig)), 1000001
    FROM pg_trigger t
    JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = relation AND t.tgparentid = 0 AND p.pronamespace = 'outbox'::regnamespace
      AND p.proname ~ ('^capture_' || watch_id || '_[a-z]+$')
  ) AS o
$$;
