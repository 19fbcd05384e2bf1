// The system under test, as in production but on one machine: Postgres with its durability on, the functions in workerd,
// listener replicas behind links of their own, receivers in another process.
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type Child, startChild } from '../dev/child.ts'
import type { Guard } from '../dev/guard.ts'
import { migrate } from '../dev/migrate.ts'
import { startNeonProxy } from '../dev/neon-proxy.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { startCron } from '../dev/services/cron.ts'
import { startFunctions } from '../dev/services/functions.ts'
import type { Shutdown } from '../dev/shutdown.ts'
import { Link } from './link.ts'
import { Listener, type LoggedAttempt } from './listener.ts'
import { copyWithBug } from './mutations.ts'
import type { Options } from './options.ts'
import type { ReceiversConfig } from './receivers.ts'
import { attemptId } from './records.ts'
import { type Actor, settings } from './topology.ts'

export interface System {
  databaseUrl: string
  functionsUrl: string
  receiversUrl: string
  /** Asks the API; null = no answer came. */
  ask(method: string, path: string, body?: object): Promise<Response | null>
  /** Public ids by name. */
  endpointIds: Map<string, string>
  replicas: Listener[]
  /** Who made which attempt, by attemptId. */
  senders: Map<string, string>
  /** For the lab's own questions and its SQL writers; they go past all links. */
  pool: pg.Pool
  restartDatabase(): Promise<void>
  stopCron(): void
}

const root = join(import.meta.dirname, '..')
const apiKey = 'lab'

export async function startSystem(
  { seed, replicas: count, out, bug }: Options,
  actors: Actor[],
  { guard, shutdown }: { guard: Guard; shutdown: Shutdown },
): Promise<System> {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-chaos-'))
  chmodSync(dir, 0o755) // Postgres may run as another user
  shutdown.add(() => rmSync(dir, { recursive: true, force: true }))
  const log = (name: string) => join(out, `${name}.log`)

  const database = { dir: join(dir, 'postgres'), port: await freePort(), guard }
  let postgres = await startPostgres(database)
  let restarted = Promise.resolve()
  shutdown.add(() => postgres.stop())
  const databaseUrl = postgres.url.replace(/postgres$/, 'outboxdb')
  await createDatabase(postgres.url)
  await migrate(databaseUrl, { example: true })
  const pool = new pg.Pool({ connectionString: databaseUrl, application_name: 'chaos', max: 20 })
  pool.on('error', () => {}) // we cut them ourselves, idle or not
  pool.on('connect', client => client.on('error', () => {}))
  shutdown.add(() => pool.end())

  const receivers = await startReceivers({ seed, ledger: join(out, 'requests.jsonl'), actors }, guard, log)
  shutdown.add(() => receivers.stop())
  const proxy = await startNeonProxy({ port: await freePort() })
  shutdown.add(proxy.stop)
  const functions = await startFunctions({
    root,
    dir,
    port: await freePort(),
    settings: { ...settings, DATABASE_URL: databaseUrl, NEON_PROXY: proxy.url },
    guard,
    onLine: line => appendFileSync(log('functions'), `${line}\n`),
  })
  shutdown.add(() => functions.stop())
  const ask = asker(functions.url)
  const endpointIds = new Map<string, string>()
  for (const actor of actors) endpointIds.set(actor.name, await register(ask, receivers.url, actor))

  const program = bug === null ? root : copyWithBug(bug)
  if (bug !== null) shutdown.add(() => rmSync(program, { recursive: true, force: true }))
  const replicas: Listener[] = []
  const senders = new Map<string, string>()
  const names = new Map([...endpointIds].map(([endpoint, id]) => [id, endpoint]))
  for (let n = 1; n <= count; n++) {
    const link = await Link.open(database.port)
    shutdown.add(() => link.close())
    const name = `replica ${n}`
    const onAttempt = ({ endpoint, event, attempt }: LoggedAttempt) =>
      senders.set(attemptId(names.get(endpoint)!, event, attempt), name)
    const logFile = log(`replica-${n}`)
    replicas.push(new Listener({ name, link, databaseUrl, settings, guard, logFile, onAttempt, program }))
  }
  shutdown.add(() => Promise.all(replicas.map(replica => replica.kill())))
  const stopCron = startCron(functions.url, outcome => appendFileSync(log('cron'), `${outcome}\n`))
  shutdown.add(stopCron)
  return {
    databaseUrl,
    functionsUrl: functions.url,
    receiversUrl: receivers.url,
    ask,
    endpointIds,
    replicas,
    senders,
    pool,
    stopCron,
    restartDatabase() {
      restarted = restarted.then(async () => {
        await postgres.crash()
        postgres = await startPostgres(database)
      })
      return restarted
    },
  }
}

async function createDatabase(url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query('create database outboxdb')
  await admin.end()
}

async function startReceivers(
  config: Omit<ReceiversConfig, 'port'>,
  guard: Guard,
  log: (name: string) => string,
): Promise<Child & { url: string }> {
  const port = await freePort()
  const ready = Promise.withResolvers<void>()
  const child = startChild([join(import.meta.dirname, 'receivers.ts')], {
    cwd: root,
    guard,
    env: { PATH: process.env.PATH, CHAOS_RECEIVERS: JSON.stringify({ ...config, port }) },
    onLine: line => (line === 'ready' ? ready.resolve() : appendFileSync(log('receivers'), `${line}\n`)),
  })
  void child.ended.then(how => ready.reject(new Error(`the receivers did not start: ${how}`)))
  await ready.promise
  return { ...child, url: `http://127.0.0.1:${port}` }
}

function asker(functionsUrl: string): System['ask'] {
  return (method, path, body = {}) =>
    fetch(functionsUrl + path, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    }).catch(() => null)
}

/** Returns the endpoint's id. */
async function register(ask: System['ask'], receiversUrl: string, actor: Actor): Promise<string> {
  const answer = await ask('POST', '/v1/endpoints', {
    url: `${receiversUrl}/hooks/${actor.name}`,
    event_types: actor.types.map(type => `${type}*`),
    ordering: actor.ordered ? 'key' : 'none',
    secret: actor.secret,
  })
  if (answer?.status !== 201) throw new Error(`an endpoint was refused: ${await answer?.text()}`)
  return ((await answer.json()) as { id: string }).id
}
