-- Makes an empty partition of one of the three tables that have them, beside the table: CREATE TABLE … PARTITION OF would lock
-- every writer out.
CREATE OR REPLACE FUNCTION outbox.create_partition(parent text, first_id bigint, generation integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
BEGIN
  EXECUTE format(
    'CREATE TABLE outbox.%I (LIKE outbox.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)',
    outbox.partition_name(parent, first_id, generation), parent);
END $$;
