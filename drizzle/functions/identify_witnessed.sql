-- As identify.sql, for a sender that can ask a witness: a Durable Object, which is outside of the database and so is not copied or
-- restored with it. `seen` is what the witness knew before this was asked: the highest epoch of each lineage, which is a database
-- since it was bound or adopted. Where it has seen more than this database holds, this is an older state of it, a backup or a clone
-- in its place: `older`. From then on every sender is held, also those without a witness.
--
-- Why nobody is held who need not be: an epoch is told to the witness only once it is committed. So whatever the witness knew
-- before the statement began, its snapshot has. Who asks meanwhile may only have made it more.
--
-- `counts`: this sender counts the epoch up, and tells the witness what it is now.
CREATE OR REPLACE FUNCTION outbox.identify_witnessed(address text, sender text, seen jsonb, counts boolean, OUT verdict text, OUT lineage text, OUT epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  may_write CONSTANT boolean := current_setting('transaction_read_only') = 'off';
BEGIN
  SELECT (extract(epoch FROM i.bound_at) * 1000000)::bigint::text, i.epoch INTO lineage, epoch FROM outbox.identity i
  WHERE i.addresses <> '{}'; -- one that was adopted begins another lineage below
  IF (seen->>lineage)::bigint > epoch AND may_write THEN
    UPDATE outbox.identity i SET witnessed_epoch = (seen->>lineage)::bigint
    WHERE i.addresses <> '{}' AND i.epoch < (seen->>lineage)::bigint AND (extract(epoch FROM i.bound_at) * 1000000)::bigint::text = lineage;
  END IF;
  verdict := outbox.identify(address, sender);
  IF verdict = 'same' AND counts AND may_write THEN
    UPDATE outbox.identity i SET epoch = i.epoch + 1;
  END IF;
  SELECT (extract(epoch FROM i.bound_at) * 1000000)::bigint::text, i.epoch INTO lineage, epoch FROM outbox.identity i;
END $$;

COMMENT ON FUNCTION outbox.identify_witnessed IS 'Whether a sender may send from this database, by what a witness outside of it has seen as well.';

REVOKE EXECUTE ON FUNCTION outbox.identify_witnessed FROM PUBLIC;
