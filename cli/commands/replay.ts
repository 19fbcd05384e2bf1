// `outbox replay`: sends an endpoint's past events again. It counts first and asks; then it shows how far it has come.
import { type Command, Option } from 'commander'
import type { ReplayCount } from '../../functions/replays/schema.ts'
import { addCommand } from '../add-command.ts'
import { confirm } from '../confirm.ts'
import { type Context, contextOf } from '../globals.ts'
import { positive, timeOf } from '../parse.ts'
import { tellReplay } from '../replay-progress.ts'

interface Options {
  readonly since: string
  readonly until?: string
  readonly types?: string[]
  readonly only: string
  readonly rate?: number
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly wait?: boolean
}

export function addReplay(program: Command): void {
  addCommand(program, 'replay <endpoint>', "send an endpoint's past events again: count, ask, watch", [
    'outbox replay ep_0000000000000001a1b2c3d4 --since 2h',
    'outbox replay ep_0000000000000001a1b2c3d4 --since 2026-11-27T08:00Z --only dead --yes --wait',
  ])
    .requiredOption('--since <time>', 'events from this time on: 2h, 7d, or a time', timeOf)
    .option('--until <time>', 'up to this time (default: now)', timeOf)
    .option('--types <type...>', 'of these types (default: all that it wants)')
    .addOption(
      new Option('--only <which>', 'all = also what was delivered')
        .choices(['dead', 'undelivered', 'all'])
        .default('undelivered'),
    )
    .option('--rate <n>', 'how many a second (default: 100)', positive)
    .option('--dry-run', 'only count')
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'wait until every event was made due; on a terminal it does')
    .action((endpoint: string, options: Options, command: Command) =>
      replay(contextOf(command), endpoint, options),
    )
}

async function replay(context: Context, endpoint: string, options: Options): Promise<void> {
  const client = await context.api()
  const { out } = context
  const path = `/v1/endpoints/${encodeURIComponent(endpoint)}/replay`
  // The end stands still, so that what is counted is what is sent.
  const until = options.until ?? new Date().toISOString()
  const wanted = {
    since: options.since,
    until,
    event_types: options.types ?? null,
    only: options.only,
    ...(options.rate === undefined ? {} : { rate_per_second: options.rate }),
  }
  const preview = await client.post<ReplayCount>(path, { ...wanted, dry_run: true })
  const count = `${preview.count}${preview.count_is_estimate ? ' or more' : ''}`
  if (options.dryRun) return out.result(preview, [count])
  if (preview.count === 0 && !preview.count_is_estimate) {
    out.result(preview, ['0'])
    return out.note('There is nothing to send again.')
  }
  await confirm(context, {
    what: `This sends ${count} events to ${endpoint} again.`,
    yes: options.yes,
    isBulk: true,
  })
  const { id } = await client.post<ReplayCount>(path, wanted)
  await tellReplay(out, client, { id: id!, count: preview.count }, options.wait || out.isTerminal)
}
