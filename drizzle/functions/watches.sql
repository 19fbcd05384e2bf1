-- The watched tables, with the options of outbox.watch(), defaults filled in. The catalogue is the only record of them.
CREATE OR REPLACE VIEW outbox.watches AS
  SELECT c.id, c.relation, c.options, c.watched_at FROM outbox.captures() AS c WHERE c.relation IS NOT NULL;

COMMENT ON VIEW outbox.watches IS 'The watched tables and the options of each, read from the catalogue.';
