-- When a delivery dies, the operators' endpoints are told: but for a delivery of an event about the outbox itself, or each that dies
-- would make the next one. What a tenant's delivery died of is for operators to look up (delivery/redact.ts).
CREATE OR REPLACE FUNCTION outbox.delivery_dead() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  endpoint outbox.endpoints;
  event record;
BEGIN
  SELECT e.id, e.nonce, e.type INTO event FROM outbox.events e WHERE e.id = NEW.event_id;
  IF event.type IS NULL OR starts_with(event.type, 'outbox.') THEN RETURN NULL; END IF;
  SELECT * INTO endpoint FROM outbox.endpoints WHERE id = NEW.endpoint_id;
  PERFORM outbox.tell_operators(
    'outbox.delivery.dead',
    json_build_object(
      'delivery_id', 'dlv_' || lpad(to_hex(NEW.event_id), 16, '0') || lpad(to_hex(NEW.endpoint_id), 16, '0'),
      'event_id', outbox.event_id(event.id, event.nonce),
      'type', event.type,
      'endpoint_id', outbox.endpoint_id(endpoint.id, endpoint.nonce),
      'description', endpoint.description,
      'attempts', NEW.attempt,
      'reason', CASE WHEN endpoint.tenant IS NULL THEN NEW.reason END),
    'endpoints/' || outbox.endpoint_id(endpoint.id, endpoint.nonce),
    endpoint.tenant);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER delivery_dies AFTER UPDATE ON outbox.delivery_rows FOR EACH ROW
WHEN (NEW.state = 'dead' AND OLD.state <> 'dead')
EXECUTE FUNCTION outbox.delivery_dead();

CREATE OR REPLACE TRIGGER delivery_born_dead AFTER INSERT ON outbox.delivery_rows FOR EACH ROW
WHEN (NEW.state = 'dead')
EXECUTE FUNCTION outbox.delivery_dead();

REVOKE EXECUTE ON FUNCTION outbox.delivery_dead FROM PUBLIC;
