// The options that every command has, and what comes of them: settings, output, whether a question may be asked.
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Environment } from '../delivery/settings.ts'
import { CommandError, exitCodes } from './exit.ts'
import { Output } from './output.ts'

interface GlobalOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly color: boolean
  readonly input: boolean
  readonly settings?: string
  readonly databaseUrl?: string
}

export interface Context {
  /** The environment, and below it the file .env. */
  readonly env: Environment
  readonly out: Output
  /** Somebody sits there who can answer. */
  readonly canAsk: boolean
}

export function addGlobalOptions(command: Command): Command {
  return (
    command
      .option('--json', 'print one JSON object')
      .option('-q, --quiet', 'print the result alone, no hints')
      .option('--no-color', 'no colours (NO_COLOR does the same)')
      .option('--no-input', 'never ask: fail and say which option is missing')
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
  return {
    env,
    out: new Output({
      json: options.json ?? false,
      quiet: options.quiet ?? false,
      color: options.color && !process.env.NO_COLOR,
    }),
    canAsk: options.input && process.stdin.isTTY && process.stderr.isTTY,
  }
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
