-- An operator says what a database is whose senders are held. As a `replacement` it takes the place of the one that it was
-- copied from, or is that one after an upgrade or a move: what waits is sent. As a `new` one it sends nothing of the original's:
-- what waits is canceled and every endpoint is paused. `seen`: the facts that the operator was shown, so that a database that was
-- swapped meanwhile is not meant.
--
-- `outcome`: `adopted`; `goes on`, because so much waits that it takes more calls; `not held`; `other facts`.
CREATE OR REPLACE FUNCTION outbox.adopt(as_what text, seen jsonb, max_rows integer, OUT outcome text, OUT canceled integer, OUT paused integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  here CONSTANT jsonb := outbox.database_facts();
BEGIN
  canceled := 0;
  paused := 0;
  PERFORM FROM outbox.identity FOR UPDATE;
  IF outbox.held_reason() IS NULL THEN outcome := 'not held'; RETURN; END IF;
  IF seen IS DISTINCT FROM here THEN outcome := 'other facts'; RETURN; END IF;
  IF as_what = 'new' THEN
    UPDATE outbox.endpoints SET state = 'paused' WHERE state = 'active' AND deleted_at IS NULL;
    GET DIAGNOSTICS paused = ROW_COUNT;
    UPDATE outbox.replays SET state = 'canceled', finished_at = clock_timestamp() WHERE state = 'running';
    canceled := outbox.cancel_waiting(max_rows, 'database adopted as a new one');
    IF canceled >= max_rows THEN outcome := 'goes on'; RETURN; END IF;
  END IF;
  UPDATE outbox.identity
  SET facts = here, addresses = '{}', epoch = 0, witnessed_epoch = NULL, adopted_as = as_what, adopted_at = clock_timestamp();
  DELETE FROM outbox.held_senders;
  outcome := 'adopted';
END $$;

COMMENT ON FUNCTION outbox.adopt IS 'Says what a database is whose senders are held: a replacement of the original, or a new one.';

REVOKE EXECUTE ON FUNCTION outbox.adopt FROM PUBLIC;
