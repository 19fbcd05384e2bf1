// The command `outbox`: its commands, and how it ends.
import { Command, CommanderError, Help } from 'commander'
import { SettingsError } from '../delivery/settings.ts'
import { CommandError, type ExitCode, exitCodes, settingProblem } from './exit.ts'
import { addGlobalOptions } from './globals.ts'

type Add = (program: Command) => void

/**
 * In the order of the first minutes. A command is a file in commands/ and a line here. Only the file of the command that runs
 * is loaded: all of them together would make each start later.
 */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  init: async () => (await import('./commands/init.ts')).addInit,
  migrate: async () => (await import('./commands/migrate.ts')).addMigrate,
  listener: async () => (await import('./commands/listener.ts')).addListener,
  serve: async () => (await import('./commands/serve.ts')).addServe,
  endpoints: async () => (await import('./commands/endpoints.ts')).addEndpoints,
  listen: async () => (await import('./commands/listen.ts')).addListen,
  trigger: async () => (await import('./commands/trigger.ts')).addTrigger,
  events: async () => (await import('./commands/events.ts')).addEvents,
  deliveries: async () => (await import('./commands/deliveries.ts')).addDeliveries,
  explain: async () => (await import('./commands/explain.ts')).addExplain,
  redeliver: async () => (await import('./commands/redeliver.ts')).addRedeliver,
  replay: async () => (await import('./commands/replay.ts')).addReplay,
  replays: async () => (await import('./commands/replays.ts')).addReplays,
  status: async () => (await import('./commands/status.ts')).addStatus,
  system: async () => (await import('./commands/system.ts')).addSystem,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  console: async () => (await import('./commands/console.ts')).addConsole,
  portal: async () => (await import('./commands/portal.ts')).addPortal,
  apply: async () => (await import('./commands/config.ts')).addApply,
  diff: async () => (await import('./commands/config.ts')).addDiff,
  export: async () => (await import('./commands/config.ts')).addExport,
  keys: async () => (await import('./commands/keys.ts')).addKeys,
  types: async () => (await import('./commands/types.ts')).addTypes,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  'test-receiver': async () => (await import('./commands/test-receiver.ts')).addTestReceiver,
  login: async () => (await import('./commands/login.ts')).addLogin,
  whoami: async () => (await import('./commands/whoami.ts')).addWhoami,
  profile: async () => (await import('./commands/profile.ts')).addProfile,
  completion: async () => (await import('./commands/completion.ts')).addCompletion,
  uninstall: async () => (await import('./commands/uninstall.ts')).addUninstall,
  version: async () => (await import('./commands/version.ts')).addVersion,
}

const intro = `From "this row changed in Postgres" to "that webhook was delivered".

Examples:
  outbox init
  outbox migrate && outbox listener`

/** `only` these commands, where all of them are known; else all. `isQuiet`: commander says nothing of mistakes itself. */
export async function createProgram({ only = [], isQuiet = false }: Choice = {}): Promise<Command> {
  const program = new Command('outbox')
    .description(intro)
    .configureHelp({ showGlobalOptions: true, boxWrap })
    .showSuggestionAfterError()
    .showHelpAfterError('(outbox --help shows all commands; outbox COMMAND --help its options)')
    .configureOutput(isQuiet ? { writeErr: () => {} } : {})
    .exitOverride()
  addGlobalOptions(program)
  const known = only.flatMap(name => (Object.hasOwn(commands, name) ? commands[name]! : []))
  const wanted = only.length > 0 && known.length === only.length ? known : Object.values(commands)
  for (const load of wanted) (await load())(program)
  return program
}

/** Examples are for copying, so they keep to one line. */
function boxWrap(text: string, width: number): string {
  const help = new Help()
  return text
    .split('\n')
    .map(line => (line.startsWith('  ') ? line : help.boxWrap(line, width)))
    .join('\n')
}

interface Choice {
  readonly only?: readonly string[]
  readonly isQuiet?: boolean
}

/** Where options stand before the command, it is none that we know: then all are loaded. */
function commandsIn([first = '', _dashes, second = '', ...rest]: readonly string[]): readonly string[] {
  if (first !== '__complete') return [first]
  return rest.length > 0 ? [...new Set(['completion', second])] : []
}

/** `args` are those after the name of the command. Says on standard error why it did not end well. */
export async function runProgram(args: readonly string[]): Promise<ExitCode | number> {
  const isJson = args.includes('--json')
  // Whoever reads the data has seen enough, as `head` does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
  try {
    const program = await createProgram({ only: commandsIn(args), isQuiet: isJson })
    await program.parseAsync(args, { from: 'user' })
    return process.exitCode === undefined ? exitCodes.done : Number(process.exitCode)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done
    // Commander has said it itself.
    if (error instanceof CommanderError && !isJson) return exitCodes.usage
    const { exitCode, message, problem = null } = ending(error)
    if (isJson) console.error(JSON.stringify({ title: message, ...problem, exit_code: exitCode }))
    else console.error(message)
    return exitCode
  }
}

interface Ending {
  readonly exitCode: ExitCode
  readonly message: string
  readonly problem?: object | null
}

function ending(error: unknown): Ending {
  if (error instanceof CommandError) return error
  if (error instanceof CommanderError)
    return { exitCode: exitCodes.usage, message: error.message.replace(/^error: /, '') }
  if (error instanceof SettingsError) return { exitCode: exitCodes.usage, message: settingProblem(error) }
  const { name, message } = error as Error
  return { exitCode: exitCodes.unexpected, message: `Something unexpected happened (${name}): ${message}` }
}
