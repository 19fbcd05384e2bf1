-- What the events of a partition take, with their indexes.
CREATE OR REPLACE FUNCTION outbox.partition_bytes(p outbox.partitions) RETURNS bigint
LANGUAGE sql STABLE
RETURN pg_total_relation_size(format('outbox.%I', outbox.partition_name('events', p.first_id, p.generation))::regclass);
