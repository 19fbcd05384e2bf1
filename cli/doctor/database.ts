// The checks that ask the database, in the order in which one explains the next.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseMasterKeys } from '../../delivery/secrets.ts'
import type { Environment } from '../../delivery/settings.ts'
import { readCaptureHealth } from '../../drizzle/capture-health.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { oldestPostgres, readSchemaState, schemaProblem } from '../../drizzle/schema-version.ts'
import { refuseTransactionPooling, TransactionPoolingError } from '../../worker/transaction-pooling.ts'
import { type Connection, databaseUrlOf } from '../connection.ts'
import { countListeners, heldSentence, watchedTables } from '../installation.ts'
import { type Check, type Finding, fail, ok, warn } from './finding.ts'

export interface Subject extends Connection {
  readonly env: Environment
}

export const serverChecks: Readonly<Record<string, Check<Subject>>> = {
  async postgres({ run }) {
    const major = Math.floor((await readSchemaState(run)).postgres / 10_000)
    return major < oldestPostgres
      ? fail(`this is Postgres ${major}: Outbox needs ${oldestPostgres} or newer`)
      : ok(`Postgres ${major}`)
  },
  async tls({ client, env }) {
    const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    if (rows[0]?.ssl) return ok('the connection is encrypted')
    const isLocal = /^(localhost|127\.|\[?::1)/.test(new URL(databaseUrlOf(env)).hostname)
    return isLocal
      ? ok('not encrypted, and local')
      : warn('the connection is not encrypted: add sslmode=require to the connection string')
  },
  async writable({ client }) {
    const { rows } = await client.query(
      `select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only`,
    )
    return rows[0].read_only
      ? fail('the database is read-only: connect to the primary, or turn default_transaction_read_only off')
      : ok('the database accepts writes')
  },
  async triggers({ client }) {
    const { rows } = await client.query(`select current_setting('session_replication_role') as role`)
    return rows[0].role === 'replica'
      ? fail(
          'session_replication_role is replica, so triggers do not run: reset it (ALTER ROLE or ALTER DATABASE … RESET)',
        )
      : ok('triggers run')
  },
  async pooler({ env }) {
    try {
      await refuseTransactionPooling({ connectionString: databaseUrlOf(env), connectionTimeoutMillis: 5_000 })
      return ok('a session keeps its backend')
    } catch (error) {
      if (error instanceof TransactionPoolingError) return fail(error.message)
      throw error
    }
  },
  async notifications({ client }) {
    const heard = once(client, 'notification').then(() => true)
    await client.query('listen outbox_echo')
    await client.query(`select pg_notify('outbox_echo', '')`)
    const hears = await Promise.race([heard, sleep(2_000, false, { ref: false })])
    await client.query('unlisten outbox_echo')
    return hears
      ? ok('a notification arrives')
      : fail('a notification did not arrive: use the direct connection string, not that of a pooler')
  },
  async clock({ client }) {
    const before = Date.now()
    const { rows } = await client.query('select extract(epoch from clock_timestamp())::float8 as seconds')
    const skew = Math.round((before + Date.now()) / 2000 - rows[0].seconds)
    return Math.abs(skew) < 60
      ? ok('this clock and the database’s agree')
      : warn(
          `this clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the database’s: receivers may refuse webhooks`,
        )
  },
  async schema({ run }) {
    const state = await readSchemaState(run)
    const problem = schemaProblem(state)
    return problem === null ? ok(`the schema outbox is at version ${state.schema!.version}`) : fail(problem)
  },
}

/** These read tables of the schema. */
export const schemaChecks: Readonly<Record<string, Check<Subject>>> = {
  async roles({ client }) {
    const { rows } = await client.query(
      `select name from unnest(array['outbox_functions', 'outbox_listener', 'outbox_emitter']) as name
       where not exists (select from pg_roles where rolname = name)`,
    )
    return rows.length === 0
      ? ok('the three roles are there')
      : warn(
          `missing: ${rows.map(row => row.name).join(', ')}. Create them, then SELECT outbox.grant_roles()`,
        )
  },
  async identity(subject) {
    const held = await heldSentence(subject)
    return held === null ? ok('nothing says that this is a copy of another database') : fail(held)
  },
  async watches(subject) {
    const tables = await watchedTables(subject)
    return tables.length === 0
      ? warn(`no table is watched: SELECT outbox.watch('your_table')`)
      : ok(`watched: ${tables.join(', ')}`)
  },
  async listeners(subject) {
    const listeners = await countListeners(subject)
    return listeners === 0
      ? warn(
          'no listener is connected: start one with outbox listener; until then only the cron function delivers',
        )
      : ok(`${listeners} connected`)
  },
  async 'master keys'({ run, env }) {
    const keys = parseMasterKeys(env.OUTBOX_MASTER_KEYS ?? '')
    if (keys === null) return fail('OUTBOX_MASTER_KEYS cannot be read here, so it cannot be compared')
    const known = new Set<string | null>(keys.map(({ id }) => id))
    const foreign = (await queries.countSeals(run)).filter(({ keyId }) => !known.has(keyId))
    return foreign.length === 0
      ? ok('every secret opens with a master key that is set here')
      : fail(
          `secrets are sealed under ${foreign.map(({ keyId }) => keyId ?? 'something else').join(', ')}, which OUTBOX_MASTER_KEYS lacks`,
        )
  },
  async endpoints({ client }) {
    const { rows } = await client.query(
      `select count(*)::int as all, count(*) filter (where state = 'disabled')::int as disabled
       from outbox.endpoints where deleted_at is null`,
    )
    const { all, disabled } = rows[0]
    if (all === 0) return warn('there is none, so nothing is delivered: outbox endpoints create')
    return disabled > 0 ? warn(`${disabled} of ${all} are disabled: see outbox status`) : ok(`${all}`)
  },
}

/** The self-check of capture, each of its lines a finding. */
export async function checkCapture({ run }: Subject): Promise<Finding[]> {
  return (await readCaptureHealth(run)).map(({ name, healthy, advice }) => ({
    check: name.replaceAll('_', ' '),
    ...(healthy ? ok(advice) : fail(advice)),
  }))
}
