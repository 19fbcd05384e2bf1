-- Ends the capture of a table.
CREATE OR REPLACE FUNCTION outbox.unwatch(relation regclass) RETURNS boolean
LANGUAGE sql
RETURN outbox.drop_capture(relation);

COMMENT ON FUNCTION outbox.unwatch IS 'Ends the capture of a table, also of a dropped one (by its oid). Its events stay. False: it was not watched.';
