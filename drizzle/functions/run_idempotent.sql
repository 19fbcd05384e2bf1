-- Runs a statement of a request that carries an Idempotency-Key and remembers its answer in the same transaction, so that the
-- effect and the memory of it cannot come apart. The second time it only returns what it remembers.
-- It gives no rights: the statement runs with those of the caller. (functions/http/idempotency.ts)
-- `keys`: hashes of the one key. The first is stored, unless another one is known (functions/http/idempotency-key.ts).
CREATE OR REPLACE FUNCTION outbox.run_idempotent(
  scope text, keys text[], fingerprint text, step text, begins boolean, statement text, parameters text[]
) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  now timestamptz := clock_timestamp();
  stored_key text := keys[1];
  claimed outbox.idempotency_keys;
  remembered json;
  result_types regtype[];
  row record;
  columns json;
  rows json[] := '{}';
BEGIN
  IF cardinality(keys) > 1 THEN
    -- While keys are replaced, two deployments may store different hashes: the lock is on one that both know.
    PERFORM pg_advisory_xact_lock(hashtextextended(min(k), 0)) FROM unnest(keys) AS k;
    SELECT known.key INTO stored_key FROM outbox.idempotency_keys AS known
    WHERE known.scope = run_idempotent.scope AND known.key = ANY (keys)
      AND NOT (run_idempotent.begins AND known.claimed_at < now - interval '24 hours')
    ORDER BY known.claimed_at DESC LIMIT 1;
    stored_key := coalesce(stored_key, keys[1]);
  END IF;
  -- Locks the key's row until the statement has taken effect: a second request with the same key waits here.
  -- Only the first statement of a request may find the 24 hours over: a request is repeated as a whole or not at all.
  INSERT INTO outbox.idempotency_keys AS known VALUES (run_idempotent.scope, stored_key, run_idempotent.fingerprint, now)
  ON CONFLICT ON CONSTRAINT idempotency_keys_scope_key_pk DO UPDATE
  SET (fingerprint, claimed_at) = (
    SELECT CASE WHEN expired THEN excluded.fingerprint ELSE known.fingerprint END,
           CASE WHEN expired THEN now ELSE known.claimed_at END
    FROM (SELECT run_idempotent.begins AND known.claimed_at < now - interval '24 hours') AS age (expired))
  RETURNING known.* INTO claimed;
  IF claimed.fingerprint <> run_idempotent.fingerprint THEN
    RAISE EXCEPTION USING ERRCODE = 'OB422', MESSAGE = 'this idempotency key was used for another request';
  END IF;
  IF claimed.claimed_at = now THEN
    DELETE FROM outbox.idempotency_steps WHERE scope = run_idempotent.scope AND key = stored_key;
    -- Each new key removes some old ones, an hour late: a request may still be between two of its statements.
    DELETE FROM outbox.idempotency_keys WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM outbox.idempotency_keys WHERE claimed_at < now - interval '25 hours'
      LIMIT 10 FOR UPDATE SKIP LOCKED));
  END IF;

  SELECT answer INTO remembered FROM outbox.idempotency_steps
  WHERE scope = run_idempotent.scope AND key = stored_key AND step = run_idempotent.step;
  IF FOUND THEN
    RETURN remembered;
  END IF;

  -- PREPARE finds out the parameters' types; the values are quoted and never become part of the statement's text.
  -- After an error the prepared statement may still exist, because prepared statements outlive a rollback.
  IF EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'outbox_idempotent') THEN
    DEALLOCATE outbox_idempotent;
  END IF;
  EXECUTE 'PREPARE outbox_idempotent AS ' || statement;
  SELECT p.result_types INTO result_types FROM pg_prepared_statements p WHERE p.name = 'outbox_idempotent';
  SELECT 'EXECUTE outbox_idempotent' || coalesce('(' || string_agg(quote_nullable(value), ', ' ORDER BY place) || ')', '')
  INTO statement
  FROM unnest(parameters) WITH ORDINALITY AS parameter (value, place);
  IF result_types IS NULL THEN
    EXECUTE statement;
  ELSE
    FOR row IN EXECUTE statement LOOP
      -- Values that a JSON parser could change become text, as the driver returns them. json_each keeps columns of the same name.
      SELECT json_agg(name ORDER BY place),
             array_append(rows, json_agg(
               CASE WHEN value::text = 'null' THEN NULL
                    WHEN result_types[place] IN ('bigint'::regtype, 'numeric'::regtype, 'json'::regtype, 'jsonb'::regtype)
                    THEN to_json(value::text)
                    ELSE value END
               ORDER BY place))
      INTO columns, rows
      FROM json_each(to_json(row)) WITH ORDINALITY AS field (name, value, place);
    END LOOP;
  END IF;
  DEALLOCATE outbox_idempotent;

  INSERT INTO outbox.idempotency_steps (scope, key, step, answer)
  VALUES (run_idempotent.scope, stored_key, run_idempotent.step, json_build_object('columns', columns, 'rows', rows))
  RETURNING answer INTO remembered;
  RETURN remembered;
END $$;

COMMENT ON FUNCTION outbox.run_idempotent IS 'Runs a statement once for an Idempotency-Key and remembers its rows with its effect.';

REVOKE EXECUTE ON FUNCTION outbox.run_idempotent FROM PUBLIC;
