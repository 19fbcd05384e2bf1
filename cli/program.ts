// The command `outbox`: its commands, and how it ends.
import { Command, CommanderError } from 'commander'
import { SettingsError } from '../delivery/settings.ts'
import { addDoctor } from './commands/doctor.ts'
import { addEndpoints } from './commands/endpoints.ts'
import { addInit } from './commands/init.ts'
import { addListener } from './commands/listener.ts'
import { addMigrate } from './commands/migrate.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { addTestReceiver } from './commands/test-receiver.ts'
import { addTypes } from './commands/types.ts'
import { addUninstall } from './commands/uninstall.ts'
import { addVersion } from './commands/version.ts'
import { CommandError, type ExitCode, exitCodes, settingProblem } from './exit.ts'
import { addGlobalOptions } from './globals.ts'

/** In the order of the first minutes. A command is a file in commands/ and a line here. */
const commands = [
  addInit,
  addMigrate,
  addListener,
  addServe,
  addEndpoints,
  addStatus,
  addDoctor,
  addTypes,
  addTestReceiver,
  addUninstall,
  addVersion,
]

const intro = `From "this row changed in Postgres" to "that webhook was delivered".

Examples:
  outbox init
  outbox migrate && outbox listener
`

export function createProgram(): Command {
  const program = new Command('outbox')
    .description(intro)
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError('(outbox --help shows all commands; outbox COMMAND --help its options)')
    .exitOverride()
  addGlobalOptions(program)
  for (const add of commands) add(program)
  return program
}

/** `args` are those after the name of the command. Says on standard error why it did not end well. */
export async function runProgram(args: readonly string[]): Promise<ExitCode | number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return process.exitCode === undefined ? exitCodes.done : Number(process.exitCode)
  } catch (error) {
    // Commander has said it itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    const { exitCode, message } = ending(error)
    if (args.includes('--json')) console.error(JSON.stringify({ title: message, exit_code: exitCode }))
    else console.error(message)
    return exitCode
  }
}

function ending(error: unknown): { exitCode: ExitCode; message: string } {
  if (error instanceof CommandError) return error
  if (error instanceof SettingsError) return { exitCode: exitCodes.usage, message: settingProblem(error) }
  const { name, message } = error as Error
  return { exitCode: exitCodes.unexpected, message: `Something unexpected happened (${name}): ${message}` }
}
