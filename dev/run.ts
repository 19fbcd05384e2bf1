// `npm run dev`: the whole system on one machine, from an empty directory to the first webhook.
// It ends every process it starts: in order on Ctrl-C, and through the watchdog if it is killed.
import { join } from 'node:path'
import { writeAssetNames } from './console-assets.ts'
import { consoleLink } from './console-link.ts'
import { generateIfStale } from './generate.ts'
import { startGuard } from './guard.ts'
import { migrate } from './migrate.ts'
import { startNeonProxy } from './neon-proxy.ts'
import { type Options, readOptions, wholeNumber } from './options.ts'
import { freePort, isPortFree } from './ports.ts'
import { inWords } from './program.ts'
import { announceRunning, stateDirectory } from './running.ts'
import { say, Trouble, withoutPassword } from './say.ts'
import { writeSchemaVersion } from './schema-version.ts'
import { AttemptLines, type LoggedAttempt } from './services/attempt-lines.ts'
import { startCron } from './services/cron.ts'
import { forgetIdentity, isLocal, reachDatabase, removeDatabase, startDatabase } from './services/database.ts'
import { type Functions, startFunctions } from './services/functions.ts'
import { ListenerProcess } from './services/listener.ts'
import { registerReceivers } from './services/receivers.ts'
import { watchFolders } from './services/watch.ts'
import {
  adminKey,
  checkSettings,
  type DevelopmentSettings,
  developmentSettings,
  type Settings,
} from './settings.ts'
import { seed } from './shop/seed.ts'
import { Shutdown } from './shutdown.ts'
import { openState, type State } from './state.ts'

const root = join(import.meta.dirname, '..')
const guard = startGuard()
const shutdown = new Shutdown()
shutdown.listen()

try {
  await start(readOptions(process.argv.slice(2)))
} catch (error) {
  console.error(inWords(error))
  await shutdown.run(1)
}

async function start(options: Options): Promise<void> {
  const began = performance.now()
  const state = openState(stateDirectory())
  shutdown.add(state.unlock)
  const settings = developmentSettings(state.secrets, process.env)
  await checkSettings(settings)
  const healthPort = wholeNumber('OUTBOX_HEALTH_PORT', settings.OUTBOX_HEALTH_PORT, 1, 65_000)
  await expectFree(options.port, 'the functions', '--port N')
  for (let i = 0; i < options.listeners; i++)
    await expectFree(healthPort + i, 'a listener', 'OUTBOX_HEALTH_PORT=N')

  await openDatabase(options, state, settings)
  if (isLocal(settings.DATABASE_URL)) settings.NEON_PROXY ??= await openProxy()
  state.writeEnvironment(settings)

  const prepared = prepare(settings.DATABASE_URL_UNPOOLED, options)
  const [functionsUrl] = await Promise.all([
    runFunctions(options.port, state.dir, settings),
    prepared.then(() => runListeners(options.listeners, healthPort, settings)),
  ])
  await registerReceivers(functionsUrl, settings)
  if (options.cron) shutdown.add(startCron(functionsUrl))

  const databaseUrl = settings.DATABASE_URL_UNPOOLED
  const system = { url: functionsUrl, apiKey: adminKey(settings) ?? null, databaseUrl }
  shutdown.add(announceRunning(state.dir, system))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  say('ready', `${functionsUrl}  (after ${seconds} s; Ctrl-C stops everything)`)
  say('api key', process.env.OUTBOX_API_KEYS ? 'one of OUTBOX_API_KEYS' : adminKey(settings)!)
  say('database', withoutPassword(databaseUrl))
  say('console', await consoleLink(functionsUrl, settings))
  say('docs', `${functionsUrl}/docs`)
  if (options.seed) console.log(`\n${firstCommands(functionsUrl)}\n`)
}

/** To copy: ship an order, see what a webhook did about it, make more of them. All of it can be watched in the console. */
function firstCommands(url: string): string {
  return `curl -X PATCH ${url}/orders/update -H 'content-type: application/json' -d '{"id":1,"status":"shipped"}'
curl ${url}/orders/1
npm run spam -- --count 100`
}

async function openDatabase({ fresh }: Options, state: State, settings: DevelopmentSettings): Promise<void> {
  if (!isEmbedded()) {
    if (fresh)
      throw new Trouble('--fresh empties only the embedded database, and DATABASE_URL names another one.')
    return reachDatabase(settings.DATABASE_URL_UNPOOLED)
  }
  const dir = join(state.dir, 'postgres')
  if (fresh) await removeDatabase(dir)
  const port = wholeNumber('OUTBOX_POSTGRES_PORT', settings.OUTBOX_POSTGRES_PORT, 1, 65_535)
  await expectFree(port, 'the database', 'OUTBOX_POSTGRES_PORT=N')
  shutdown.add(await startDatabase({ dir, port, guard, onDeath: () => giveUp('Postgres has died') }))
}

function isEmbedded(): boolean {
  return !process.env.DATABASE_URL && !process.env.DATABASE_URL_UNPOOLED
}

async function prepare(databaseUrl: string, options: Options): Promise<void> {
  say('database', 'applying migrations')
  writeSchemaVersion()
  await migrate(databaseUrl, { example: true })
  if (isEmbedded()) await forgetIdentity(databaseUrl)
  if (options.seed && (await seed(databaseUrl)))
    say('database', 'loaded the example shop: 10 clients, 1,000 orders')
}

async function openProxy(): Promise<string> {
  const proxy = await startNeonProxy({ port: await freePort() })
  shutdown.add(proxy.stop)
  return proxy.url
}

async function runFunctions(port: number, dir: string, settings: Settings): Promise<string> {
  say('functions', `starting on port ${port}`)
  await generateIfStale()
  writeAssetNames()
  let functions: Functions | undefined
  // Added before the listeners' step, and so run after it: the receivers must answer the listeners' last webhooks.
  shutdown.add(() => functions?.stop())
  functions = await startFunctions({ root, dir, port, settings, guard })
  void functions.ended.then(how => giveUp(`wrangler dev has ended (${how})`))
  return functions.url
}

async function runListeners(count: number, healthPort: number, settings: Settings): Promise<void> {
  const lines = new AttemptLines(settings.DATABASE_URL_UNPOOLED!)
  shutdown.add(() => lines.stop())
  const onAttempt = (attempt: LoggedAttempt) => lines.add(attempt)
  const listeners = Array.from(
    { length: count },
    (_, i) =>
      new ListenerProcess({ root, number: i + 1, healthPort: healthPort + i, settings, guard, onAttempt }),
  )
  if (count === 0) say('listener', 'none; the cron function delivers everything')
  shutdown.add(() => Promise.all(listeners.map(listener => listener.stop())))
  await Promise.all(listeners.map(listener => listener.start()))
  const onChange = async () => {
    try {
      if (await generateIfStale()) return // the file it wrote is a change of its own
    } catch (error) {
      return say('statements', (error as Error).message) // half-edited: the next change tries again
    }
    for (const listener of listeners) listener.restart()
  }
  shutdown.add(watchFolders(root, ['worker', 'delivery', 'drizzle'], onChange))
}

/** Waits a moment: the watchdog of a killed predecessor may still be ending its processes. */
async function expectFree(port: number, purpose: string, remedy: string): Promise<void> {
  for (const start = performance.now(); !(await isPortFree(port)); ) {
    if (performance.now() - start > 2000) {
      throw new Trouble(
        `Port ${port} is taken. It is meant for ${purpose}: free it, or choose another with ${remedy}.`,
      )
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function giveUp(reason: string): void {
  if (shutdown.isRunning) return
  say('stop', `${reason}: stopping everything`)
  void shutdown.run(1)
}
