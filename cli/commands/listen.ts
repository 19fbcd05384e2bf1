// `outbox listen`: takes webhooks to a receiver on this machine, and loses none while it sleeps.
import { type Command, Option } from 'commander'
import { addCommand } from '../add-command.ts'
import type { ApiClient } from '../api/client.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { openTunnel } from '../listen/endpoint.ts'
import { type Forward, parseForward, typesFor } from '../listen/forward.ts'
import { readKeys } from '../listen/keys.ts'
import { Screen } from '../listen/screen.ts'
import { defaultName, openSession } from '../listen/session.ts'
import { Tunnel } from '../listen/tunnel.ts'
import { duration } from '../output.ts'
import { collect, timeOf, wholeNumber } from '../parse.ts'

interface Options {
  readonly forwardTo?: string[]
  readonly types?: string[]
  readonly tenant?: string
  readonly name?: string
  readonly since?: string
  readonly concurrency: number
  readonly retry: 'none' | 'schedule'
  readonly printSecret?: boolean
  readonly takeOver?: boolean
  readonly allowRemote?: boolean
  readonly expiresAfter: number
}

export function addListen(program: Command): void {
  addCommand(
    program,
    'listen',
    'take webhooks to a receiver on this machine, and lose none while it sleeps',
    [
      'outbox listen --forward-to localhost:3000/webhooks',
      "outbox listen --forward-to 'order.*=3000/orders' --forward-to 'invoice.*=3001/invoices' --name anna",
    ],
  )
    .option(
      '--forward-to <url>',
      'where to: localhost:3000/hooks, or order.*=localhost:3000/hooks; may be given several times',
      collect,
    )
    .option('--types <type...>', 'which events (default: those that --forward-to names, or all)')
    .option('--tenant <tenant>', "only this tenant's events")
    .option('--name <name>', 'the same name is the same endpoint, with the same secret (default: user-host)')
    .option('--since <time>', 'also what came since: 2h, 7d, or a time', timeOf)
    .option('--concurrency <n>', 'how many at once; of one key always one', wholeNumber, 1)
    .addOption(
      new Option('--retry <how>', 'none = a failure waits for you; schedule = as for any endpoint')
        .choices(['none', 'schedule'])
        .default('none'),
    )
    .option('--print-secret', 'print the secret that the receiver verifies with, and end')
    .option('--take-over', 'although another process listens under that name')
    .option('--allow-remote', 'the URL may be on another machine')
    .option(
      '--expires-after <days>',
      'nothing is kept any more when it was not run for so long',
      wholeNumber,
      7,
    )
    .addHelpText(
      'after',
      '\nOn a terminal: r sends the last failure again, o opens it in the console, d shows it, q ends. The exit code is 5 when\nthe name is taken.',
    )
    .action((options: Options, command: Command) => listen(contextOf(command), options))
}

async function listen(context: Context, options: Options): Promise<void> {
  const forwards = forwardsOf(options)
  const client = await context.api()
  const name = options.name ?? defaultName()
  const target = context.target()
  const place = `${target.kind === 'server' ? target.url : 'database'} ${options.tenant ?? ''} ${name}`
  if (options.printSecret) return printSecret(context, client, options, name)
  const session = openSession(context.env, place, options.takeOver ?? false)
  try {
    const tunnel = await open(context, client, { ...options, name }, forwards)
    if (options.since !== undefined) await replaySince(context, client, tunnel.id, options.since)
    await run(context, client, forwards, {
      endpointId: tunnel.id,
      holder: session.holder,
      resumes: session.resumes,
      takeOver: options.takeOver ?? false,
      concurrency: Math.max(1, options.concurrency),
    })
  } finally {
    session.end()
  }
}

function forwardsOf({ forwardTo, allowRemote = false, printSecret }: Options): Forward[] {
  if (!forwardTo && !printSecret) throw usageError('Where to? Use --forward-to localhost:3000/webhooks.')
  return (forwardTo ?? []).map(text => parseForward(text, allowRemote))
}

async function open(
  { env, out }: Context,
  client: ApiClient,
  options: Options & { readonly name: string },
  forwards: readonly Forward[],
) {
  const { name, tenant = null, types, retry, expiresAfter } = options
  const tunnel = await openTunnel(client, env, {
    name,
    tenant,
    event_types: typesFor(forwards, types),
    retry_schedule: retry === 'none' ? [] : null,
    expires_after_idle_seconds: expiresAfter * 86_400,
  })
  const secret = tunnel.secret ?? 'known where it was made; outbox endpoints rotate makes another'
  out.note(`ready  ${name} (${tunnel.id})  secret ${secret}`)
  for (const { pattern, url } of forwards) out.note(`       ${pattern ?? 'everything'} → ${url}`)
  if (tunnel.wasDisabled) out.note('       It was disabled meanwhile. For what came then: --since 2h')
  return tunnel
}

async function printSecret(
  { env, out }: Context,
  client: ApiClient,
  options: Options,
  name: string,
): Promise<void> {
  const { tenant = null, types = null, retry, expiresAfter } = options
  const wanted = {
    name,
    tenant,
    event_types: types,
    retry_schedule: retry === 'none' ? [] : null,
    expires_after_idle_seconds: expiresAfter * 86_400,
  }
  const { secret, id } = await openTunnel(client, env, wanted, { leavesSettings: true })
  if (secret === null)
    throw new CommandError(
      exitCodes.notFound,
      `The secret of ${id} is known where it was made. outbox endpoints rotate ${id} makes another.`,
    )
  out.result({ id, name, secret }, [secret])
}

async function replaySince({ out }: Context, client: ApiClient, id: string, since: string): Promise<void> {
  const until = new Date().toISOString()
  const wanted = { since, until, only: 'undelivered', rate_per_second: 1_000 }
  const { count } = await client.post<{ count: number }>(`/v1/endpoints/${id}/replay`, wanted)
  out.note(`       ${count} events since ${since}`)
}

type RunOptions = Omit<ConstructorParameters<typeof Tunnel>[0], 'forwards'>

async function run(
  context: Context,
  client: ApiClient,
  forwards: readonly Forward[],
  options: RunOptions,
): Promise<void> {
  const { out } = context
  const screen = new Screen(context, client)
  const tunnel = new Tunnel(
    { ...options, forwards },
    {
      client,
      onAttempt: (delivery, seen, isSettled) => screen.attempt(delivery, seen, isSettled),
      onBacklog: (count, oldest) =>
        out.note(`catching up with ${count} events, the oldest ${duration(oldest)} old`),
      onTrouble: message => out.note(`${message} Trying again, nothing is lost.`),
      onRecovery: () => out.note('the outbox answers again'),
    },
  )
  const restore = readKeys(
    { r: () => void screen.retry(), o: () => screen.open(), d: () => screen.detail(), q: stop },
    interrupt,
  )
  process.on('SIGINT', interrupt).on('SIGTERM', stop)
  try {
    await tunnel.run()
  } finally {
    restore()
    process.off('SIGINT', interrupt).off('SIGTERM', stop)
  }

  function stop() {
    tunnel.stop()
    if (tunnel.isForwarding) out.note('ends when the receiver has answered; Ctrl-C ends it now')
  }

  /** The second time it does not wait. What the receiver answers then comes once more. */
  function interrupt() {
    if (process.exitCode === exitCodes.interrupted) {
      restore()
      process.exit()
    }
    process.exitCode = exitCodes.interrupted
    stop()
  }
}
