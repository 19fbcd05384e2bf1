-- History: deletes what is too old, series by series along the primary keys, so that no index over the time is needed. At most
-- 200,000 rows of each table at a time.
CREATE OR REPLACE FUNCTION outbox.clean_history(minutes_before timestamptz, hours_before timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE series AS (
    (SELECT endpoint_id, tenant, minutes FROM outbox.attempt_minutes ORDER BY endpoint_id, tenant, minutes LIMIT 1)
    UNION ALL
    SELECT next.*
    FROM series
    CROSS JOIN LATERAL (SELECT endpoint_id, tenant, minutes FROM outbox.attempt_minutes m
                        WHERE (m.endpoint_id, m.tenant, m.minutes) > (series.endpoint_id, series.tenant, series.minutes)
                        ORDER BY endpoint_id, tenant, minutes LIMIT 1) AS next
  )
  DELETE FROM outbox.attempt_minutes
  WHERE ctid = ANY (ARRAY(
    SELECT old.row
    FROM series
    CROSS JOIN LATERAL (SELECT m.ctid AS row FROM outbox.attempt_minutes m
                        WHERE m.endpoint_id = series.endpoint_id AND m.tenant = series.tenant AND m.minutes = series.minutes
                          AND m.begins_at < CASE WHEN series.minutes = 1 THEN minutes_before ELSE hours_before END
                        ORDER BY m.begins_at) AS old
    LIMIT 200000
  ));

  WITH RECURSIVE series AS (
    (SELECT endpoint_id, tenant FROM outbox.backlog_minutes ORDER BY endpoint_id, tenant LIMIT 1)
    UNION ALL
    SELECT next.*
    FROM series
    CROSS JOIN LATERAL (SELECT endpoint_id, tenant FROM outbox.backlog_minutes m
                        WHERE (m.endpoint_id, m.tenant) > (series.endpoint_id, series.tenant)
                        ORDER BY endpoint_id, tenant LIMIT 1) AS next
  )
  DELETE FROM outbox.backlog_minutes
  WHERE ctid = ANY (ARRAY(
    SELECT old.row
    FROM series
    CROSS JOIN LATERAL (SELECT m.ctid AS row FROM outbox.backlog_minutes m
                        WHERE m.endpoint_id = series.endpoint_id AND m.tenant = series.tenant
                          AND m.begins_at < minutes_before
                        ORDER BY m.begins_at) AS old
    LIMIT 200000
  ));
$$;

REVOKE EXECUTE ON FUNCTION outbox.clean_history FROM PUBLIC;
