-- One query that computes what a trigger function failed to compute, with the names and types of this moment: type, key, tenant
-- and data of the row $1 (new) and $2 (old). A type of null means that the change is not to be captured. Slow, and seldom needed:
-- from an ALTER TABLE until the table is watched again.
CREATE OR REPLACE FUNCTION outbox.late_capture(watch_id bigint, changed_table oid, operation text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation regclass;
  options json;
  changed text;
  gone text;
  filter text;
BEGIN
  SELECT c.relation, c.options INTO STRICT relation, options FROM outbox.captures() AS c WHERE c.id = watch_id;
  gone := outbox.lost_columns(relation, options);
  options := outbox.current_options(relation, options);
  IF (options->'compiled'->'inside')::jsonb ? operation THEN
    filter := format(E'(%s\n)', outbox.expression_for(outbox.computed_expression(relation, options, options->>'condition'), operation));
  END IF;
  IF gone IS NOT NULL THEN
    -- What the condition turns away is not missed.
    RETURN format($sql$SELECT CASE WHEN %s THEN outbox.refuse_lost(%L, %L) END, NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.json
    FROM (SELECT ($1).*) AS new CROSS JOIN (SELECT ($2).*) AS old$sql$, coalesce(filter, 'true'), relation, gone);
  ELSIF operation = 'update' THEN
    changed := outbox.changed_sql(relation, options);
    filter := concat_ws(' AND ', outbox.shown_change_sql(relation, options, changed), filter);
  END IF;
  RETURN format($sql$SELECT CASE WHEN %s THEN (%s
    )::pg_catalog.text END, (%s
    )::pg_catalog.text, (%s
    )::pg_catalog.text, %s
    FROM (SELECT ($1).*) AS new CROSS JOIN (SELECT ($2).*) AS old$sql$,
    coalesce(nullif(filter, ''), 'true'),
    coalesce(outbox.expression_for(options->>'type_sql', operation), quote_literal(options->'types'->operation->>0)),
    coalesce(outbox.expression_for(options->>'key', operation), 'NULL'),
    coalesce(outbox.expression_for(options->>'tenant', operation), 'NULL'),
    outbox.data_sql(relation, operation, options));
END $$;
