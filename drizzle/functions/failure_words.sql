-- Why the last attempt of a delivery failed, for people. A receiver that answers 401 mostly refuses the signature, and what
-- helps then stands in no list of errors.
CREATE OR REPLACE FUNCTION outbox.failure_words(d outbox.deliveries) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.reason || coalesce((
    SELECT format(' (%s%s)', a.response_status,
                  CASE a.response_status WHEN 401 THEN
                    ': the receiver refuses the signature: check that it has the secret of this endpoint, verifies the body byte for byte as it came, and has the right time' END)
    FROM outbox.attempts a
    WHERE d.reason = 'bad_status' AND a.endpoint_id = d.endpoint_id AND a.event_id = d.event_id AND a.number = d.attempt), '')
$$;
