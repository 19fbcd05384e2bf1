-- Stop 2. What must share the writer's transaction lives in the database; everything else stays outside.

CREATE FUNCTION outbox.event_id(id bigint, nonce integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 'evt_' || lpad(to_hex(id), 16, '0') || lpad(to_hex(nonce), 8, '0');
--> statement-breakpoint
COMMENT ON FUNCTION outbox.event_id IS 'The public id of an event: also its webhook-id.';
--> statement-breakpoint
CREATE FUNCTION outbox.endpoint_id(id bigint, nonce integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 'ep_' || lpad(to_hex(id), 16, '0') || lpad(to_hex(nonce), 8, '0');
--> statement-breakpoint
CREATE FUNCTION outbox.bounded(value text, max_bytes integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(value) <= max_bytes THEN value
            ELSE left(value, (max_bytes - 40) / 4) || '...' || md5(value) END;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.bounded IS 'The value itself, or, where it is too long for an index, its beginning and its hash: equal values stay equal.';
--> statement-breakpoint
CREATE FUNCTION outbox.record(type text, data json, key text, tenant text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
  new_nonce integer;
BEGIN
  -- The transaction gets its id before the event gets one: whoever knows which transactions are in flight then knows
  -- which lower event ids may still appear.
  PERFORM pg_current_xact_id();
  -- An event's content must never make the writer's transaction fail: a bad type is mended, a long key is shortened.
  IF type IS NULL OR type !~ '^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$' OR octet_length(type) > 200 THEN
    type := coalesce(nullif(trim(BOTH '.' FROM
      regexp_replace(regexp_replace(left(type, 100), '[^A-Za-z0-9_.]', '_', 'g'), '\.{2,}', '.', 'g')), ''), 'unnamed');
  END IF;
  WITH event AS (
    INSERT INTO outbox.events (type, data, key, tenant, actor, traceparent)
    VALUES (type, coalesce(data, 'null'), outbox.bounded(key, 1000), outbox.bounded(tenant, 1000),
            nullif(current_setting('outbox.actor', true), ''), nullif(current_setting('outbox.traceparent', true), ''))
    RETURNING events.id, events.nonce
  ), waiting AS (
    INSERT INTO outbox.fanout (event_id) SELECT event.id FROM event
  )
  SELECT event.id, event.nonce INTO new_id, new_nonce FROM event;
  -- Constant payload: a payload can be too long, and counting notifications never counts events.
  NOTIFY outbox;
  RETURN outbox.event_id(new_id, new_nonce);
END $$;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.record IS 'Writes one event in the writer''s transaction and wakes the listener.';
--> statement-breakpoint
CREATE FUNCTION outbox.emit(type text, data jsonb, key text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
RETURN outbox.record(type, data::text::json, key, tenant);
--> statement-breakpoint
COMMENT ON FUNCTION outbox.emit IS 'Writes one event in the caller''s transaction and returns its public id.';
--> statement-breakpoint
CREATE FUNCTION outbox.matches(event_types text[], type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN event_types IS NULL THEN NOT starts_with(type, 'outbox.')
            ELSE type = ANY (event_types) OR EXISTS (
              SELECT FROM unnest(event_types) AS pattern
              WHERE CASE WHEN pattern = '*' THEN NOT starts_with(type, 'outbox.')
                         ELSE right(pattern, 2) = '.*' AND starts_with(type, left(pattern, -1)) END) END;
--> statement-breakpoint
COMMENT ON FUNCTION outbox.matches IS 'Whether an endpoint with these event types wants this one: null or * = all but the outbox''s own (outbox.…), order.* = order.shipped and order.a.b.';
--> statement-breakpoint
CREATE FUNCTION outbox.endpoint_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- From here on the endpoint gets every event that is committed later, and none that was committed before.
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO NEW.events_after FROM outbox.events_id_seq;
    NEW.created_snapshot := pg_current_snapshot();
  ELSE
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER endpoint_changed BEFORE INSERT OR UPDATE ON outbox.endpoints
FOR EACH ROW EXECUTE FUNCTION outbox.endpoint_changed();
--> statement-breakpoint
CREATE FUNCTION outbox.open_lane() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO outbox.endpoint_health (endpoint_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER open_lane AFTER INSERT ON outbox.endpoints
FOR EACH ROW EXECUTE FUNCTION outbox.open_lane();
--> statement-breakpoint
CREATE FUNCTION outbox.secret_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- A new version of the endpoint, so that senders read its secrets again.
  UPDATE outbox.endpoints SET updated_at = clock_timestamp() WHERE id = coalesce(NEW.endpoint_id, OLD.endpoint_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER secret_changed AFTER INSERT OR UPDATE OR DELETE ON outbox.endpoint_secrets
FOR EACH ROW EXECUTE FUNCTION outbox.secret_changed();
--> statement-breakpoint
-- The example: the shop's orders. Every new order, and every status that really changed, is an event.
CREATE FUNCTION public.order_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM outbox.record(
    'order.' || NEW.status,
    json_build_object(
      'order_id', NEW.id,
      'client_id', NEW.client_id,
      'status', NEW.status,
      'previous_status', CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END,
      'item_ids', (SELECT coalesce(json_agg(item_id ORDER BY item_id), '[]')
                   FROM public.order_items WHERE order_id = NEW.id)),
    'orders/' || NEW.id,
    NEW.client_id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- AFTER: sees the order's items when one statement writes both. `SET LOCAL outbox.capture = off` loads history quietly.
CREATE TRIGGER order_created AFTER INSERT ON public.orders FOR EACH ROW
WHEN (current_setting('outbox.capture', true) IS DISTINCT FROM 'off')
EXECUTE FUNCTION public.order_changed();
--> statement-breakpoint
CREATE TRIGGER order_status_changed AFTER UPDATE ON public.orders FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status AND current_setting('outbox.capture', true) IS DISTINCT FROM 'off')
EXECUTE FUNCTION public.order_changed();
--> statement-breakpoint
CREATE FUNCTION public.touch_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON public.orders FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION public.touch_updated_at();
