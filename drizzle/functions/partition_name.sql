-- What a partition of `events`, `delivered_at_once` or `attempt_rows` is called: by its place, and by how often it was replaced.
CREATE OR REPLACE FUNCTION outbox.partition_name(parent text, first_id bigint, generation integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN concat_ws('_', parent, first_id / 4294967296, generation);
