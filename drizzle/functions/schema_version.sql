-- The version of this schema, and the oldest version of the functions and listeners that works on it
-- (drizzle/schema-version.ts). A release that changes a function file or adds a migration counts `version` up by one. While
-- it only adds, the senders of the version before go on; one that takes something away raises `works_with`.
CREATE OR REPLACE FUNCTION outbox.schema_version(OUT version integer, OUT works_with integer)
LANGUAGE sql IMMUTABLE AS 'SELECT 1, 1';

COMMENT ON FUNCTION outbox.schema_version IS 'The version of this schema, and the oldest version of functions and listeners that works on it.';
