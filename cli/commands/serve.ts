// `outbox serve`: the whole outbox in one process, beside nothing but a Postgres.
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { contextOf } from '../globals.ts'

/** The API writes numbers digit by digit, which older ones cannot. */
const oldestNode = 22

export function addServe(program: Command): void {
  addCommand(program, 'serve', 'run all of the outbox in one process: API, listener and timer', [
    'outbox serve',
    'outbox serve --host :: --port 8080',
  ])
    .option('--port <port>', 'where the API listens, 0 takes a free one (default: OUTBOX_PORT, then 8787)')
    .option('--host <address>', 'the address that it listens on (default: OUTBOX_HOST, then 127.0.0.1)')
    .addHelpText(
      'after',
      '\nIt takes every setting from the environment or from .env, and logs to standard output.' +
        '\nSIGTERM or Ctrl-C finishes what is under way; a second one ends it at once.',
    )
    .action(async ({ port, host }: { port?: string; host?: string }, command: Command) => {
      if (Number.parseInt(process.versions.node, 10) < oldestNode)
        throw new CommandError(
          exitCodes.usage,
          `This is Node ${process.versions.node}: the API needs ${oldestNode} or newer.`,
        )
      const { env } = contextOf(command)
      const given = { ...(port && { OUTBOX_PORT: port }), ...(host && { OUTBOX_HOST: host }) }
      // Loaded when it is needed: the other commands need none of it.
      const { runServer } = await import('../../server/process.ts')
      process.exit(await runServer({ ...env, ...given }))
    })
}
