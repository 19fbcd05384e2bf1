-- Leads new events into the next partition, by moving the sequence to its first id, when the one they go to is older than
-- `max_age`. So each partition has the events of a time, and whoever knows an event's id reads one partition.
CREATE OR REPLACE FUNCTION outbox.open_next_partition(max_age interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current outbox.partitions;
  next outbox.partitions;
  last_id bigint;
  ran_on boolean;
BEGIN
  -- One at a time, and only forward: no id is given out twice.
  IF NOT pg_try_advisory_xact_lock(1869967992, 4) THEN RETURN false; END IF;
  SELECT * INTO current FROM outbox.partitions p WHERE p.opened_at IS NOT NULL ORDER BY p.first_id DESC LIMIT 1;
  SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO last_id FROM outbox.events_id_seq s;
  -- Events that have filled a partition go on into the next by themselves.
  ran_on := last_id >= current.until_id;
  -- An empty one stays open, however old.
  IF last_id < current.first_id OR NOT ran_on AND current.opened_at >= clock_timestamp() - max_age THEN RETURN false; END IF;
  SELECT * INTO next FROM outbox.partitions p
  WHERE p.first_id = CASE WHEN ran_on THEN last_id - last_id % 4294967296 ELSE current.until_id END;
  IF NOT FOUND THEN RETURN false; END IF;
  IF NOT ran_on THEN PERFORM setval('outbox.events_id_seq', next.first_id - 1); END IF;
  UPDATE outbox.partitions p
  SET opened_at = coalesce(p.opened_at, clock_timestamp()),
      closed_at = CASE WHEN p.first_id < next.first_id THEN coalesce(p.closed_at, clock_timestamp()) END,
      ids_before = CASE WHEN p.first_id < next.first_id THEN p.ids_before
                        WHEN ran_on THEN current.ids_before + next.first_id - current.first_id
                        -- A hundred more, because some may have been given out since the sequence was read, and a counter must not fall.
                        ELSE current.ids_before + last_id - current.first_id + 101 END
  WHERE p.first_id BETWEEN current.first_id AND next.first_id;
  RETURN true;
END $$;

COMMENT ON FUNCTION outbox.open_next_partition IS 'Leads new events into the next partition when the one they go to is older than this.';

REVOKE EXECUTE ON FUNCTION outbox.open_next_partition FROM PUBLIC;
