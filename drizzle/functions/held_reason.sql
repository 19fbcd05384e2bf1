-- Why senders are held (identify.sql): `copy`, `older` or `unknown`; null = they are not. Of an unknown address one that may send has three
-- seconds to vouch for it, and what has not asked for three minutes, in which the cron function runs, is gone.
CREATE OR REPLACE FUNCTION outbox.held_reason() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN outbox.identity_verdict(i.facts, outbox.database_facts(), true) <> 'same' THEN 'copy'
    WHEN i.witnessed_epoch > i.epoch THEN 'older'
    WHEN EXISTS (SELECT FROM outbox.held_senders h
                 WHERE h.since < clock_timestamp() - interval '3 seconds' AND h.seen_at > clock_timestamp() - interval '3 minutes') THEN 'unknown'
  END
  FROM outbox.identity i
$$;

COMMENT ON FUNCTION outbox.held_reason IS 'Why nothing is sent from this database; null = nothing keeps senders from it.';

REVOKE EXECUTE ON FUNCTION outbox.held_reason FROM PUBLIC;
