// The system under test, as in production but on one machine: Postgres with durability on, the functions in workerd,
// listeners behind their own links, receivers in another process.
import { appendFileSync, chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startChild } from '../dev/child.ts'
import type { Guard } from '../dev/guard.ts'
import { migrate } from '../dev/migrate.ts'
import { startNeonProxy } from '../dev/neon-proxy.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { startCron } from '../dev/services/cron.ts'
import { startFunctions } from '../dev/services/functions.ts'
import type { Shutdown } from '../dev/shutdown.ts'
import { Link } from './link.ts'
import { ListenerProcess, type LoggedAttempt } from './listener-process.ts'
import { copyWithMutation } from './mutations.ts'
import type { Options } from './options.ts'
import type { ReceiversConfig } from './receivers.ts'
import { attemptId } from './records.ts'
import { type Receiver, settings } from './topology.ts'

export interface System {
  databaseUrl: string
  functionsUrl: string
  receiversUrl: string
  /** Asks the API; null = no answer came. */
  ask(method: string, path: string, body?: object): Promise<Response | null>
  /** Public ids by name. */
  endpointIds: Map<string, string>
  listeners: ListenerProcess[]
  /** The listener that made each attempt, by attemptId. */
  senders: Map<string, string>
  /** Past all links: for the run's own queries and its SQL writers. */
  pool: pg.Pool
  restartDatabase(): Promise<void>
  /** Of Postgres by itself, so far. */
  crashes(): string[]
  stopCron(): void
}

interface Environment {
  /** A temporary directory. */
  dir: string
  guard: Guard
  shutdown: Shutdown
  logFile(name: string): string
}

const root = join(import.meta.dirname, '..')
const apiKey = 'chaos'

export async function startSystem(
  { seed, listeners: count, out, mutation }: Options,
  receivers: Receiver[],
  { guard, shutdown }: { guard: Guard; shutdown: Shutdown },
): Promise<System> {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-chaos-'))
  chmodSync(dir, 0o755) // Postgres may run as another user
  shutdown.add(() => rmSync(dir, { recursive: true, force: true }))
  const environment = { dir, guard, shutdown, logFile: (name: string) => join(out, `${name}.log`) }

  const database = await startDatabase(environment)
  const receiversUrl = await startReceivers(environment, {
    seed,
    journal: join(out, 'requests.jsonl'),
    receivers,
  })
  const functionsUrl = await startFunctionsOn(database.url, environment)
  const ask = asker(functionsUrl)
  const endpointIds = new Map<string, string>()
  for (const receiver of receivers)
    endpointIds.set(receiver.name, await register(ask, receiversUrl, receiver))

  const program = mutation === null ? root : copyWithMutation(mutation)
  if (mutation !== null) shutdown.add(() => rmSync(program, { recursive: true, force: true }))
  const senders = new Map<string, string>()
  const names = new Map([...endpointIds].map(([endpoint, id]) => [id, endpoint]))
  const listeners = await startListeners(count, database, environment, program, (name, attempt) => {
    senders.set(attemptId(names.get(attempt.endpoint)!, attempt.event, attempt.attempt), name)
  })
  const cronLog = environment.logFile('cron')
  const stopCron = startCron(functionsUrl, outcome => appendFileSync(cronLog, `${outcome}\n`))
  shutdown.add(stopCron)
  return {
    databaseUrl: database.url,
    functionsUrl,
    receiversUrl,
    ask,
    endpointIds,
    listeners,
    senders,
    pool: database.pool,
    stopCron,
    restartDatabase: database.restart,
    crashes: database.crashes,
  }
}

async function startDatabase({ dir, guard, shutdown }: Environment) {
  const options = { dir: join(dir, 'postgres'), port: await freePort(), guard }
  let postgres = await startPostgres(options)
  let restarted = Promise.resolve()
  const crashes: string[] = []
  shutdown.add(() => postgres.stop())
  const url = postgres.url.replace(/postgres$/, 'outboxdb')
  await createDatabase(postgres.url)
  await migrate(url, { example: true })
  const pool = new pg.Pool({ connectionString: url, application_name: 'chaos', max: 20 })
  pool.on('error', () => {}) // faults cut its connections, idle or not
  pool.on('connect', client => client.on('error', () => {}))
  shutdown.add(() => pool.end())
  return {
    url,
    port: options.port,
    pool,
    restart() {
      restarted = restarted.then(async () => {
        await postgres.crash()
        crashes.push(...postgres.crashes)
        postgres = await startPostgres(options)
      })
      return restarted
    },
    crashes: () => [...crashes, ...postgres.crashes],
  }
}

async function createDatabase(url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query('create database outboxdb')
  await admin.end()
}

/** Returns their URL. */
async function startReceivers(
  { guard, shutdown, logFile }: Environment,
  config: Omit<ReceiversConfig, 'port'>,
): Promise<string> {
  const port = await freePort()
  const ready = Promise.withResolvers<void>()
  const log = logFile('receivers')
  const child = startChild([join(import.meta.dirname, 'receivers.ts')], {
    cwd: root,
    guard,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      CHAOS_RECEIVERS: JSON.stringify({ ...config, port }),
    },
    onLine: line => (line === 'ready' ? ready.resolve() : appendFileSync(log, `${line}\n`)),
  })
  shutdown.add(() => child.stop())
  void child.ended.then(how => ready.reject(new Error(`the receivers did not start: ${how}`)))
  await ready.promise
  return `http://127.0.0.1:${port}`
}

/** Returns their URL. */
async function startFunctionsOn(
  databaseUrl: string,
  { dir, guard, shutdown, logFile }: Environment,
): Promise<string> {
  const proxy = await startNeonProxy({ port: await freePort() })
  shutdown.add(proxy.stop)
  const log = logFile('functions')
  const functions = await startFunctions({
    root,
    dir,
    port: await freePort(),
    settings: { ...settings, DATABASE_URL: databaseUrl, NEON_PROXY: proxy.url },
    guard,
    onLine: line => appendFileSync(log, `${line}\n`),
  })
  shutdown.add(() => functions.stop())
  return functions.url
}

async function startListeners(
  count: number,
  database: { url: string; port: number },
  { guard, shutdown, logFile }: Environment,
  program: string,
  onAttempt: (listener: string, attempt: LoggedAttempt) => void,
): Promise<ListenerProcess[]> {
  const listeners: ListenerProcess[] = []
  for (let n = 1; n <= count; n++) {
    const link = await Link.open(database.port)
    shutdown.add(() => link.close())
    const name = `listener ${n}`
    listeners.push(
      new ListenerProcess({
        name,
        link,
        databaseUrl: database.url,
        settings,
        guard,
        logFile: logFile(`listener-${n}`),
        onAttempt: attempt => onAttempt(name, attempt),
        program,
      }),
    )
  }
  shutdown.add(() => Promise.all(listeners.map(listener => listener.kill())))
  return listeners
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
async function register(ask: System['ask'], receiversUrl: string, receiver: Receiver): Promise<string> {
  const answer = await ask('POST', '/v1/endpoints', {
    url: `${receiversUrl}/hooks/${receiver.name}`,
    event_types: receiver.types.map(type => `${type}*`),
    ordering: receiver.ordered ? 'key' : 'none',
    secret: receiver.secret,
  })
  if (answer?.status !== 201) throw new Error(`an endpoint was refused: ${await answer?.text()}`)
  return ((await answer.json()) as { id: string }).id
}
