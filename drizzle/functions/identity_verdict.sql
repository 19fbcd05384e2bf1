-- Whether a database with the facts `now`, reached under a known address or not, is the one with the facts `bound`: `same`,
-- `copy`, or `unknown`, because a physical copy under another address looks like a promoted standby.
-- On Neon the branch decides alone. A fact that the server keeps to itself is no difference.
CREATE OR REPLACE FUNCTION outbox.identity_verdict(bound jsonb, now jsonb, is_known_address boolean) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN bound->>'database' <> now->>'database' THEN 'copy'
    WHEN bound ? 'neon' OR now ? 'neon' THEN CASE WHEN bound->>'neon' = now->>'neon' THEN 'same' ELSE 'copy' END
    WHEN bound->>'system' <> now->>'system' THEN 'copy'
    WHEN is_known_address THEN 'same'
    ELSE 'unknown'
  END
$$;
