-- `first_id` 1 = everything below too. Writers and readers do not wait for the lock that this takes.
CREATE OR REPLACE FUNCTION outbox.attach_partition(parent text, first_id bigint, until_id bigint, generation integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE outbox.%I ATTACH PARTITION outbox.%I FOR VALUES FROM (%s) TO (%s)',
                 parent, outbox.partition_name(parent, first_id, generation),
                 CASE WHEN first_id > 1 THEN first_id::text ELSE 'MINVALUE' END, until_id);
END $$;
