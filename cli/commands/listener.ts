// `outbox listener`: the long-lived process that listens and delivers. SIGTERM finishes what is in flight.
import type { Command } from 'commander'
import { contextOf } from '../globals.ts'

export function addListener(program: Command): void {
  program
    .command('listener')
    .description('deliver webhooks until stopped: the long-lived process')
    .option(
      '--health-port <port>',
      'port of /livez, /readyz and /metrics, 0 takes a free one (default: 9090)',
    )
    .addHelpText(
      'after',
      '\nIt takes every setting from the environment or from .env. Its log goes to standard output, one JSON object a line.' +
        '\nSIGTERM or Ctrl-C finishes what is under way; a second one ends it at once.',
    )
    .action(async ({ healthPort }: { healthPort?: string }, command: Command) => {
      const { env } = contextOf(command)
      // Loaded when it is needed: the other commands need none of it.
      const { runListener } = await import('../../worker/process.ts')
      process.exit(
        await runListener(healthPort === undefined ? env : { ...env, OUTBOX_HEALTH_PORT: healthPort }),
      )
    })
}
