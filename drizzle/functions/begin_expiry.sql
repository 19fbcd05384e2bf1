-- Chooses the partition whose events are let go next: one that is past the retention time, and of whose events at least half
-- may go. Others are looked at again from time to time, as are those that have only what had to stay: it may be over by now.
-- A smaller one of these before it is taken in, so that there are never many.
--
-- From here on nobody begins a delivery of the range again that is over (redeliver_delivery.sql and step_replay.sql read this
-- table): they wait for its lock, or were done before it was had.
CREATE OR REPLACE FUNCTION outbox.begin_expiry(max_age interval, types text[], days double precision[]) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen outbox.partitions;
  before outbox.partitions;
  staying bigint;
BEGIN
  SELECT * INTO chosen FROM outbox.partitions p
  WHERE p.closed_at < clock_timestamp() - max_age AND coalesce(p.reduced_at < clock_timestamp() - max_age / 8, true)
  ORDER BY p.first_id LIMIT 1;
  IF NOT FOUND THEN RETURN 'done'; END IF;
  -- A replay may be bringing them back.
  IF EXISTS (SELECT FROM outbox.replays r WHERE r.state = 'running' AND r.looked_to < chosen.until_id - 1) THEN RETURN 'done'; END IF;
  staying := (SELECT count(*) FROM outbox.must_stay(chosen.first_id, chosen.until_id, types, days));
  IF (SELECT count(*) < greatest(1, staying * 2)
      FROM (SELECT FROM outbox.events e WHERE e.id >= chosen.first_id AND e.id < chosen.until_id LIMIT greatest(1, staying * 2)) AS seen)
  THEN
    UPDATE outbox.partitions p SET reduced_at = clock_timestamp() WHERE p.first_id = chosen.first_id;
    RETURN 'go on';
  END IF;
  SELECT * INTO before FROM outbox.partitions p WHERE p.until_id = chosen.first_id AND p.reduced_at IS NOT NULL;
  IF FOUND AND outbox.partition_bytes(before) <= outbox.partition_bytes(chosen) THEN chosen.first_id := before.first_id; END IF;
  LOCK TABLE outbox.expiry IN ACCESS EXCLUSIVE MODE;
  INSERT INTO outbox.expiry (first_id, until_id, generation)
  SELECT p.first_id, chosen.until_id, p.generation + 1 FROM outbox.partitions p WHERE p.first_id = chosen.first_id;
  RETURN 'go on';
END $$;

REVOKE EXECUTE ON FUNCTION outbox.begin_expiry FROM PUBLIC;
