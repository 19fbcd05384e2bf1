-- SQL that is true when an update changes something that the event shows. Null where the trigger's WHEN has decided that already,
-- because it names the columns that matter. WHEN compares whole rows otherwise, and so would let columns pass that were added later.
CREATE OR REPLACE FUNCTION outbox.shown_change_sql(relation regclass, options json, changed text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN options->'when_changed' IS NOT NULL THEN NULL
    WHEN options->'columns' IS NOT NULL THEN format('pg_catalog.cardinality(%s) OPERATOR(pg_catalog.>) 0', changed)
    -- Expressions may read every column that was there when the table was watched.
    ELSE (SELECT format('ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record',
                        string_agg(old_value, ', ' ORDER BY place), string_agg(new_value, ', ' ORDER BY place))
          FROM outbox.captured_columns(relation, options) WHERE known AND NOT is_virtual) END
$$;
