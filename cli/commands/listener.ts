// `outbox listener`: the long-lived process that listens and delivers. SIGTERM finishes what is in flight.
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { contextOf } from '../globals.ts'

interface Options {
  readonly healthPort?: string
  readonly healthHost?: string
}

export function addListener(program: Command): void {
  addCommand(program, 'listener', 'deliver webhooks until stopped: the long-lived process', [
    'outbox listener',
    'outbox listener --settings production.env --health-host ::',
  ])
    .option(
      '--health-port <port>',
      'port of /livez, /readyz and /metrics, 0 takes a free one (default: OUTBOX_HEALTH_PORT, then 9090)',
    )
    .option(
      '--health-host <address>',
      'the address that it listens on, :: is every one (default: OUTBOX_HEALTH_HOST, then 127.0.0.1)',
    )
    .addHelpText(
      'after',
      '\nIt takes every setting from the environment or from .env. Its log goes to standard output, one JSON object a line.' +
        '\nSIGTERM or Ctrl-C finishes what is under way; a second one ends it at once.',
    )
    .action(async ({ healthPort, healthHost }: Options, command: Command) => {
      const { env } = contextOf(command)
      const given = {
        ...(healthPort && { OUTBOX_HEALTH_PORT: healthPort }),
        ...(healthHost && { OUTBOX_HEALTH_HOST: healthHost }),
      }
      // Loaded when it is needed: the other commands need none of it.
      const { runListener } = await import('../../worker/process.ts')
      process.exit(await runListener({ ...env, ...given }))
    })
}
