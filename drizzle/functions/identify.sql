-- Each sender asks this on every new connection, before anything else: may it send from this database? `same`: yes. `copy`,
-- `older` and `unknown`: no, it is held (identity_verdict.sql, identify_witnessed.sql), and asks again.
--
-- The first sender of all binds: what it sees is what later ones are compared with. A sender that may send vouches for those who
-- ask under another address: they are in the same database as it is, which a copy would not be. It hears of them by a
-- notification, and at its heartbeat.
CREATE OR REPLACE FUNCTION outbox.identify(address text, sender text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  here CONSTANT jsonb := outbox.database_facts();
  bound outbox.identity;
  verdict text;
BEGIN
  SELECT * INTO bound FROM outbox.identity;
  IF NOT FOUND OR bound.addresses = '{}' THEN
    INSERT INTO outbox.identity AS i (facts, addresses, bound_by) VALUES (here, ARRAY[address], sender)
    ON CONFLICT (id) DO UPDATE
    SET addresses = excluded.addresses, bound_by = excluded.bound_by, bound_at = excluded.bound_at
    WHERE i.addresses = '{}' AND outbox.identity_verdict(i.facts, excluded.facts, true) = 'same';
    SELECT * INTO bound FROM outbox.identity;
  END IF;
  verdict := outbox.identity_verdict(bound.facts, here, address = ANY (bound.addresses));
  IF verdict = 'same' AND bound.witnessed_epoch > bound.epoch THEN verdict := 'older'; END IF;
  IF verdict <> 'same' THEN
    DELETE FROM outbox.held_senders WHERE seen_at < clock_timestamp() - interval '1 hour';
    INSERT INTO outbox.held_senders AS h (address, sender) VALUES (address, sender)
    ON CONFLICT ON CONSTRAINT held_senders_pkey DO UPDATE
    SET sender = excluded.sender, seen_at = excluded.seen_at,
        since = CASE WHEN h.seen_at > excluded.seen_at - interval '5 minutes' THEN h.since ELSE excluded.since END;
    IF verdict = 'unknown' AND pg_notification_queue_usage() < 0.5 THEN
      PERFORM pg_notify('outbox', 'identify');
    END IF;
  -- A server that takes no writes is the listener's to notice.
  ELSIF EXISTS (SELECT FROM outbox.held_senders) AND current_setting('transaction_read_only') = 'off' THEN
    UPDATE outbox.identity i
    SET addresses = i.addresses || ARRAY(
      SELECT h.address FROM outbox.held_senders h
      WHERE h.seen_at > clock_timestamp() - interval '3 minutes' AND h.address <> ALL (i.addresses)
      ORDER BY h.since);
    DELETE FROM outbox.held_senders;
  END IF;
  RETURN verdict;
END $$;

COMMENT ON FUNCTION outbox.identify IS 'Whether a sender that reaches this database under this address may send from it.';

REVOKE EXECUTE ON FUNCTION outbox.identify FROM PUBLIC;
