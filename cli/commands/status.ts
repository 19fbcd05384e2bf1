// `outbox status`: how things stand, in a few lines. Without a server it reads the database, on any Node.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { withConnection } from '../connection.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { duration, type Output } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { stateStyle } from '../show/words.ts'
import { readStatus, type Status, statusFromApi } from '../status.ts'

/** More would not be "a few lines". */
const maxShown = 10

interface Options {
  readonly watch?: boolean
  readonly interval: number
}

export function addStatus(program: Command): void {
  addCommand(
    program,
    'status',
    'print what waits, what is dead, who listens, and which endpoints are behind',
    ['outbox status', 'outbox status --watch --interval 5'],
  )
    .option('-w, --watch', 'go on, until Ctrl-C')
    .option('--interval <seconds>', 'with --watch: how often', wholeNumber, 2)
    .action((options: Options, command: Command) => showStatus(contextOf(command), options))
}

async function showStatus(context: Context, { watch, interval }: Options): Promise<void> {
  const { out } = context
  for (let rows = 0; ; await sleep(Math.max(1, interval) * 1000)) {
    const status = await read(context).catch(error => (rows > 0 ? passes(error) : Promise.reject(error)))
    const shown = 'missed' in status ? [status.missed] : describe(status, out)
    // On a terminal the old lines make room for the new ones.
    if (rows > 0 && out.isTerminal) process.stdout.write(`\x1b[${rows}A\x1b[0J`)
    if ('missed' in status && !out.isTerminal) out.note(status.missed)
    else out.result(status, shown)
    rows = out.rowsOf(shown)
    if (!watch) return
  }
}

/** Whoever watches sees a server that is deployed come back. */
function passes(error: unknown): { readonly missed: string } {
  if (error instanceof CommandError && error.exitCode === exitCodes.unreachable)
    return { missed: error.message }
  throw error
}

const read = async (context: Context): Promise<Status> =>
  context.target().kind === 'server'
    ? statusFromApi(await context.api())
    : withConnection(context.env, readStatus)

function describe(status: Status, out: Output): string[] {
  const { deliveries, capped, endpoints, watched, listeners, oldest_pending_seconds: oldest } = status
  const more = capped ? '+' : ''
  const behind = endpoints.filter(({ pending, dead, state }) => pending + dead > 0 || state !== 'active')
  return [
    ...(status.held === null ? [] : [`held        ${out.style('red', status.held)}`]),
    `listeners   ${listeners === 0 ? out.style('yellow', 'none: start one with outbox listener') : listeners}`,
    `watched     ${watched.join(', ') || "nothing: SELECT outbox.watch('your_table')"}`,
    `pending     ${deliveries.pending}${more}${oldest === null ? '' : `, the oldest due for ${duration(oldest)}`}`,
    `sending     ${deliveries.sending}`,
    `dead        ${deliveries.dead > 0 ? out.style('red', `${deliveries.dead}${more}`) : 0}`,
    `delivered   ${status.delivered_last_hour} in the last hour`,
    `endpoints   ${endpoints.length}${behind.length > 0 ? `, of which ${behind.length} are behind or not active` : ''}`,
    ...out.table(
      behind
        .slice(0, maxShown)
        .map(({ id, state, pending, dead }) => [
          id,
          out.styled(state, stateStyle(state)),
          `${pending} pending`,
          `${dead} dead`,
        ]),
    ),
  ]
}
