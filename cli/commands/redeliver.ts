// `outbox redeliver`: sends deliveries again, now and with a new retry budget: those that are named, or all that match a
// filter. These are counted and shown first; what is confirmed is exactly what was shown.
import type { Command } from 'commander'
import type { Delivery } from '../../functions/deliveries/schema.ts'
import type { Preview, StartedReplay } from '../../functions/replays/schema.ts'
import { addCommand } from '../add-command.ts'
import type { Answer } from '../api/answers.ts'
import type { ApiClient } from '../api/client.ts'
import { confirm } from '../confirm.ts'
import { addFilter, type DeliveryFilter, filterOf } from '../delivery-filter.ts'
import { CommandError, usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { duration } from '../output.ts'
import { positive } from '../parse.ts'
import { tellReplay } from '../replay-progress.ts'

interface Options extends DeliveryFilter {
  readonly includeDelivered?: boolean
  readonly rate?: number
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly wait?: boolean
}

export function addRedeliver(program: Command): void {
  const command = addCommand(
    program,
    'redeliver [delivery...]',
    'send deliveries again, now and with a new retry budget: those named, or all that match',
    [
      'outbox redeliver dlv_00000000000004d20000000000000001',
      'outbox redeliver --status 5xx --type order.shipped --since 2h',
    ],
  )
  addFilter(command)
    .option('--include-delivered', 'with a filter: also what was delivered')
    .option(
      '--rate <n>',
      'with a filter: how many a second to each endpoint (default: as many as it takes)',
      positive,
    )
    .option('--dry-run', 'with a filter: only show what would be sent')
    .option('-y, --yes', 'do not ask when it is more than one')
    .option('--wait', 'with a filter: wait until every delivery was made due; on a terminal it does')
    .action((ids: string[], options: Options, command: Command) =>
      redeliver(contextOf(command), ids, options),
    )
}

async function redeliver(context: Context, ids: readonly string[], options: Options): Promise<void> {
  const { includeDelivered, rate, dryRun, yes, wait: _wait, ...given } = options
  const filter = filterOf(given)
  const isFiltered = Object.keys(filter).length > 0
  if (ids.length > 0 && (isFiltered || dryRun || includeDelivered || rate !== undefined))
    throw usageError('Name deliveries, or a filter, not both.')
  if (ids.length > 0) return redeliverNamed(context, ids, yes)
  if (!isFiltered) throw usageError('Which? Name deliveries, or a filter such as --state dead.')
  return redeliverMatching(context, filter, options)
}

async function redeliverNamed(
  context: Context,
  ids: readonly string[],
  yes: boolean | undefined,
): Promise<void> {
  if (ids.length > 1)
    await confirm(context, { what: `This sends ${ids.length} deliveries again.`, yes, isBulk: true })
  const client = await context.api()
  const failures: CommandError[] = []
  for (const id of ids) {
    try {
      const delivery = await client.post<Delivery>(`/v1/deliveries/${encodeURIComponent(id)}/redeliver`)
      context.out.result(delivery, [`${delivery.id}\t${delivery.state}`])
    } catch (error) {
      if (!(error instanceof CommandError) || ids.length === 1) throw error
      failures.push(error)
      context.out.note(`${id}: ${error.message}`)
    }
  }
  const [first] = failures
  if (first)
    throw new CommandError(first.exitCode, `${failures.length} of ${ids.length} were not sent again.`)
  context.out.note(`next: outbox deliveries get ${ids[0]} --wait delivered`)
}

const path = '/v1/deliveries/redeliver'

async function redeliverMatching(
  context: Context,
  filter: Readonly<Record<string, string>>,
  { includeDelivered = false, rate, dryRun, yes, wait }: Options,
): Promise<void> {
  const { out } = context
  const client = await context.api()
  const preview = await client.post<Preview>(path, {
    filter,
    include_delivered: includeDelivered,
    ...(rate === undefined ? {} : { rate_per_second: rate }),
    dry_run: true,
  })
  if (dryRun) return out.result(preview, describe(preview))
  if (preview.count === 0) {
    out.result({ count: 0 }, ['0'])
    return out.note(['There is nothing to send again.', ...leftOut(preview)].join('\n'))
  }
  if (!out.isJson) out.note(describe(preview).join('\n'))
  await confirm(context, { what: `This sends ${preview.count} deliveries again.`, yes, isBulk: true })
  await start(context, client, preview, wait || out.isTerminal)
}

async function start(
  { out }: Context,
  client: ApiClient,
  { token, has_more }: Preview,
  follow: boolean,
): Promise<void> {
  const started = await client.post<Answer<typeof StartedReplay>>(path, { token })
  await tellReplay(out, client, started, follow)
  if (has_more) out.note('More match: run it again for the rest.')
}

/** What a person wants to know before saying yes. */
function describe(preview: Preview): string[] {
  const { count, has_more, oldest, newest, seconds, endpoints, types } = preview
  return [
    `${count}${has_more ? ' of more' : ''} deliveries${oldest === null ? '' : `, of events from ${oldest} to ${newest}`}`,
    ...endpoints.map(({ id, count }) => `  ${count}\t${id}`),
    ...types.map(({ type, count }) => `  ${count}\t${type}`),
    ...(count > 0 ? [`  takes ${duration(seconds)} at least`] : []),
    ...leftOut(preview),
  ]
}

function leftOut({ already_delivered, on_their_way, not_accepted, count }: Preview): string[] {
  const parts = [
    already_delivered > 0 && count === 0 ? `${already_delivered} are delivered (--include-delivered)` : '',
    on_their_way > 0 ? `${on_their_way} are on their way` : '',
    not_accepted > 0 ? `${not_accepted} are for endpoints that are disabled or deleted` : '',
  ].filter(part => part !== '')
  return parts.length > 0 ? [`  left out: ${parts.join(', ')}`] : []
}
