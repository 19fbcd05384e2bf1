-- An event without a fan-out: the caller makes its one delivery (drizzle/queries/send_test.sql).
CREATE OR REPLACE FUNCTION outbox.record_test(endpoint_id bigint, OUT id bigint, OUT nonce integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO outbox.events AS e (type, data, tenant, actor, traceparent)
  SELECT 'outbox.test', json_build_object('endpoint_id', outbox.endpoint_id(p.id, p.nonce)), p.tenant,
         nullif(current_setting('outbox.actor', true), ''), nullif(current_setting('outbox.traceparent', true), '')
  FROM outbox.endpoints p
  WHERE p.id = record_test.endpoint_id
  RETURNING e.id, e.nonce
$$;

COMMENT ON FUNCTION outbox.record_test IS 'Writes an event of type outbox.test that is fanned out to nobody.';

REVOKE EXECUTE ON FUNCTION outbox.record_test FROM PUBLIC;
