-- Makes partitions ahead of the events, 2^32 ids each: four, so a writer finds one even if nobody calls this for 17 billion
-- events. Returns how many there are ahead.
CREATE OR REPLACE FUNCTION outbox.add_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  width constant bigint := 4294967296;
  ahead integer := (SELECT count(*) FROM outbox.partitions p WHERE p.opened_at IS NULL);
  lower_bound bigint;
  upper_bound bigint;
  parent text;
BEGIN
  IF ahead >= 4 OR NOT pg_try_advisory_xact_lock(1869967992, 4) THEN RETURN ahead; END IF;
  WHILE (SELECT count(*) < 4 FROM outbox.partitions p WHERE p.opened_at IS NULL) LOOP
    lower_bound := (SELECT max(p.until_id) FROM outbox.partitions p);
    upper_bound := coalesce(lower_bound, 0) + width;
    FOREACH parent IN ARRAY ARRAY['events', 'delivered_at_once', 'attempt_rows'] LOOP
      PERFORM outbox.create_partition(parent, coalesce(lower_bound, 1), 0);
      PERFORM outbox.attach_partition(parent, coalesce(lower_bound, 1), upper_bound, 0);
    END LOOP;
    INSERT INTO outbox.partitions (first_id, until_id, opened_at)
    VALUES (coalesce(lower_bound, 1), upper_bound, CASE WHEN lower_bound IS NULL THEN clock_timestamp() END);
  END LOOP;
  RETURN 4;
END $$;

COMMENT ON FUNCTION outbox.add_partitions IS 'Makes partitions ahead of the events, and says how many there are.';

REVOKE EXECUTE ON FUNCTION outbox.add_partitions FROM PUBLIC;

-- So that the first event finds one.
DO $$ BEGIN PERFORM outbox.add_partitions(); END $$;
