// The schema `outbox`: brought to this version, or removed.
import { join } from 'node:path'
import type pg from 'pg'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import type { SchemaState } from '../../drizzle/schema-version.ts'
import { oldestPostgres, readSchemaState } from '../../drizzle/schema-version.ts'
import { runOn } from '../../worker/database.ts'
import { type Applied, apply, type Plan, planFor, type Source } from './apply.ts'
import { inTransaction } from './transaction.ts'

/** Beside the compiled command as beside its source. */
export const sqlFolder = join(import.meta.dirname, '../../drizzle')

export const productIn = (root: string): Source => ({
  root,
  folder: root,
  journal: 'outbox.migrations',
  grant: 'select outbox.grant_roles()',
})

/** null = there was no schema; 0 = one without a version. */
export type FromVersion = number | null

export interface Migrated {
  from: FromVersion
  to: number
  product: Applied
  /** Such as that a role could not be created. */
  notices: string[]
}

/** It would put the functions of an older version onto newer tables. */
export class DowngradeError extends Error {}
export class OldPostgresError extends Error {}

export interface MigrateOptions {
  /** Where the SQL lies; a test has its own copy. */
  root?: string
  /** Puts the functions of this version back although the schema is newer. */
  downgrade?: boolean
}

export async function migrateProduct(url: string, options: MigrateOptions = {}): Promise<Migrated> {
  const { result, notices } = await inTransaction(url, client => applyProduct(client, options))
  return { ...result, notices }
}

/** In a transaction of the caller's. */
export async function applyProduct(
  client: pg.Client,
  { root = sqlFolder, downgrade = false }: MigrateOptions = {},
): Promise<Omit<Migrated, 'notices'>> {
  const from = await fromVersion(client, downgrade)
  return { from, to: schemaVersion, product: await apply(client, productIn(root)) }
}

/** What migrating would do. It changes nothing. */
export async function planProduct(url: string): Promise<{ from: FromVersion; to: number; plan: Plan }> {
  const { result } = await inTransaction(url, async client => ({
    from: await fromVersion(client, false),
    to: schemaVersion,
    plan: await planFor(client, productIn(sqlFolder)),
  }))
  return result
}

async function fromVersion(client: pg.Client, downgrade: boolean): Promise<FromVersion> {
  const state = await readSchemaState(runOn(client))
  refuseOldPostgres(state)
  const from = state.installed ? (state.schema?.version ?? 0) : null
  if (!downgrade && from !== null && from > schemaVersion)
    throw new DowngradeError(
      `The schema outbox is at ${from}, and this command brings it to ${schemaVersion}: nothing was changed. ` +
        'Use a newer version of outbox, or --downgrade to put the functions of this version back.',
    )
  return from
}

function refuseOldPostgres({ postgres }: SchemaState): void {
  const major = Math.floor(postgres / 10_000)
  if (major < oldestPostgres)
    throw new OldPostgresError(
      `This is Postgres ${major}, and Outbox needs Postgres ${oldestPostgres} or newer: nothing was changed.`,
    )
}

/** Removes the schema `outbox` and everything it did elsewhere. Returns the tables that were watched; null = it is not there. */
export async function uninstall(url: string): Promise<string[] | null> {
  const { result } = await inTransaction(url, async client => {
    const { rows } = await client.query(`select to_regclass('outbox.watches') is not null as exists`)
    if (!rows[0].exists) return null
    const watched = await client.query('select relation::text from outbox.watches order by watched_at')
    await client.query('select outbox.uninstall()')
    return watched.rows.map(row => row.relation as string)
  })
  return result
}
