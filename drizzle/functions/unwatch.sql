-- Ends the capture of a table.
CREATE OR REPLACE FUNCTION outbox.unwatch(relation regclass) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM outbox.drop_capture(relation);
  DELETE FROM outbox.watches w WHERE w.relation = unwatch.relation;
  RETURN FOUND;
END $$;

COMMENT ON FUNCTION outbox.unwatch IS 'Ends the capture of a table, also of a dropped one (by its oid). Its events stay. False: it was not watched.';
