// The options that every command has, and what comes of them: settings, output, whether a question may be asked.
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Environment } from '../delivery/settings.ts'
import { ApiClient } from './api/client.ts'
import { findTarget, type Target } from './api/target.ts'
import { CommandError, exitCodes } from './exit.ts'
import { Output } from './output.ts'

interface GlobalOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly utc?: boolean
  readonly color: boolean
  readonly input: boolean
  readonly settings?: string
  readonly databaseUrl?: string
  readonly api?: string
  readonly apiKey?: string
  readonly profile?: string
}

export interface Context {
  /** The environment, and below it the file .env. */
  readonly env: Environment
  readonly out: Output
  /** Somebody sits there who can answer. */
  readonly canAsk: boolean
  /** Throws where no outbox is named. */
  target(): Target
  api(): Promise<ApiClient>
}

export function addGlobalOptions(command: Command): Command {
  return (
    command
      .option('--json', 'print JSON: one object, or one in each line for a list')
      .option('-q, --quiet', 'print the result alone, no hints')
      .option('-v, --verbose', 'say on standard error what is asked of the API')
      .option('--utc', 'print times as they are, not how long ago')
      .option('--no-color', 'no colours (NO_COLOR does the same)')
      .option('--no-input', 'never ask: fail and say which option is missing')
      .option('--api <url>', 'the address of the API (default: OUTBOX_URL, a profile, npm run dev, .env)')
      .option('--api-key <key>', 'its key (default: OUTBOX_API_KEY, which other users do not see in ps)')
      .option('--profile <name>', 'an outbox by its name, see outbox profile list (default: OUTBOX_PROFILE)')
      // Not --env-file: Node takes that for its own, wherever it stands.
      .option(
        '--settings <file>',
        'settings that the environment does not have (default: .env, if it is there)',
      )
      .option(
        '--database-url <url>',
        'the direct connection string (default: DATABASE_URL_UNPOOLED, then DATABASE_URL)',
      )
  )
}

export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>()
  loadEnvFile(options.settings)
  const env = options.databaseUrl
    ? { ...process.env, DATABASE_URL: options.databaseUrl, DATABASE_URL_UNPOOLED: options.databaseUrl }
    : { ...process.env, DATABASE_URL_UNPOOLED: process.env.DATABASE_URL_UNPOOLED || process.env.DATABASE_URL }
  const out = new Output({
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    verbose: options.verbose ?? false,
    utc: options.utc ?? false,
    color: options.color && !process.env.NO_COLOR,
  })
  let target: Target | null = null
  const context: Context = {
    env,
    out,
    canAsk: options.input && process.stdin.isTTY && process.stderr.isTTY,
    target: () => (target ??= findTarget(options, env)),
    api: () => openApi(context.target(), { env, out }),
  }
  return context
}

async function openApi(target: Target, { env, out }: Pick<Context, 'env' | 'out'>): Promise<ApiClient> {
  const trace = (line: string) => out.trace(line)
  if (target.kind === 'server')
    return new ApiClient({
      baseUrl: target.url,
      key: target.key,
      transport: request => fetch(request),
      trace,
    })
  const { apiInProcess } = await import('./api/in-process.ts')
  return new ApiClient({ baseUrl: 'http://localhost', ...apiInProcess(env, trace), trace })
}

/** What the environment has wins over the file. */
function loadEnvFile(named: string | undefined): void {
  const file = named ?? '.env'
  if (named === undefined && !existsSync(file)) return
  try {
    process.loadEnvFile(file)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    throw new CommandError(exitCodes.usage, `The file ${file} cannot be read (${reason}).`)
  }
}
