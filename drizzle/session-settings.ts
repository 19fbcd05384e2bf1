// What the statements expect of their session. `ALTER DATABASE … SET` and `ALTER ROLE … SET` may say otherwise, so each plane
// sets it by itself: the listener once for a connection, the functions in each transaction.
//
// Some settings stay the operator's: default_transaction_read_only (writes fail, and the answer names it), role,
// synchronous_commit (a fan-out may be told not to wait: drizzle/queries/fan_out.sql), and those that only cost time.

/** How statements are read, names found and values printed; and what would end a statement or skip a trigger. */
export const expectedSettings = {
  search_path: 'pg_catalog, public, pg_temp',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  row_security: 'on',
  session_replication_role: 'origin',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0', // from Postgres 17 on
  jit: 'off',
} as const

/**
 * A statement that sets these. It leaves alone what is right, and what this version of Postgres does not know, so a session
 * that may not change session_replication_role is refused only when it would have to.
 */
export function setStatement(
  settings: Readonly<Record<string, string>>,
  { until }: { until: 'end of transaction' | 'end of session' },
): string {
  const rows = Object.entries(settings).map(([name, value]) => `('${name}', '${value}')`)
  return `
    select pg_catalog.count(*)
    from (values ${rows.join(', ')}) as expected (name, value)
    where case when pg_catalog.current_setting(name, true) operator(pg_catalog.<>) value
               then pg_catalog.set_config(name, value, ${until === 'end of transaction'}) is null end`
}
