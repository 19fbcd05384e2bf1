-- The functions that outbox.watch() and unwatch() call with the caller's rights, and those that a trigger of somebody else's table
-- calls. PUBLIC may call them unless its usual rights were revoked.
CREATE OR REPLACE FUNCTION outbox.watching_functions() RETURNS SETOF regprocedure
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.oid::regprocedure
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = 'outbox' AND p.proname = ANY ('{
    watch,unwatch,missing_rights,watching_functions,refuse_watch,check_watchable,check_columns,check_expression,check_expressions,
    check_watch_options,check_namesakes,watched_types,full_watch_options,captures,
    expression_words,expression_for,full_name,differs_sql,key_columns,captured_columns,lost_columns,row_words,renamed_expression,computed_expression,json_object_sql,
    capture_path,default_key,stored_key_sql,columns_are,columns_are_sql,changed_sql,shown_change_sql,data_sql,capture_filter,capture_fallback,capture_body,
    pinned_settings,trigger_condition,create_capture_function,create_capture_trigger,create_capture,create_explanation,
    frozen_options,current_options,described_fields,field_types,compiled_options,keep_options,drop_capture,capture_id,lend_create,hand_over_capture,compile_watch,
    is_trusted,may_compile,recompile_watches,repair,capture_drift,capture_drift_of,missing_writing_rights,drop_left_over,
    late_capture,late_event,refuse_lost,may_record,record,explain_conditions,explain_own_row,default_key_lookup,base_type,bounded}'::text[])
$$;
