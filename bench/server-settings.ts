// Settings of the server for as long as one scenario runs.
import type pg from 'pg'

/** Only settings that take effect without a restart. */
export async function withServerSettings(
  admin: pg.Client,
  settings: Record<string, string>,
  run: () => Promise<void>,
): Promise<void> {
  for (const [name, value] of Object.entries(settings))
    await admin.query(`alter system set ${name} = ${value}`)
  await admin.query('select pg_reload_conf()')
  try {
    await run()
  } finally {
    for (const name of Object.keys(settings)) await admin.query(`alter system reset ${name}`)
    await admin.query('select pg_reload_conf()')
  }
}
