// `outbox deliveries tail`: attempts as they are recorded, coloured by what came of them.
import { type Command, Option } from 'commander'
import type { TailedAttempt } from '../../functions/deliveries/schema.ts'
import { addCommand } from '../add-command.ts'
import type { Answer } from '../api/answers.ts'
import { type Context, contextOf } from '../globals.ts'
import { type Output, oneLine } from '../output.ts'
import { stateStyle } from '../show/words.ts'
import { follow, type TailOptions } from './follow.ts'
import { addTailOptions } from './options.ts'

interface Filter extends TailOptions {
  readonly endpoint?: string
  readonly type?: string
  readonly tenant?: string
  readonly outcome?: string
  readonly error?: string
  readonly status?: string
}

export function addDeliveriesTail(deliveries: Command): void {
  const command = addCommand(deliveries, 'tail', 'print attempts as they are recorded, each once', [
    'outbox deliveries tail --outcome failed',
    'outbox deliveries tail --endpoint ep_0000000000000001a1b2c3d4 --status 5xx --json',
  ])
    .option('--endpoint <endpoint>', 'to this endpoint')
    .option('--type <type>', 'of events of this type')
    .option('--tenant <tenant>', 'of events of this tenant')
    .addOption(new Option('--outcome <outcome>', 'delivered or failed').choices(['delivered', 'failed']))
    .option('--error <kind>', 'that failed with this, such as timeout')
    .option('--status <status>', 'that were answered with this: 503, or 5xx')
  addTailOptions(command).action((filter: Filter, command: Command) => tail(contextOf(command), filter))
}

async function tail({ api, out }: Context, filter: Filter): Promise<void> {
  const { endpoint, status, type, tenant, outcome, error, ...options } = filter
  const query = { endpoint_id: endpoint, response_status: status, type, tenant, outcome, error }
  await follow(await api(), out, '/v1/deliveries/tail', query, options, text => {
    if (out.isJson) return out.data(text)
    const attempt = JSON.parse(text) as Answer<typeof TailedAttempt>
    out.data(out.isTerminal ? lineFor(attempt, out) : cellsOf(attempt).map(oneLine).join('\t'))
  })
}

const outcomeOf = ({ response_status, error }: Answer<typeof TailedAttempt>) =>
  response_status === null ? (error ?? 'delivered') : String(response_status)

const cellsOf = (attempt: Answer<typeof TailedAttempt>): string[] => [
  attempt.started_at,
  attempt.delivery_id,
  attempt.endpoint_id,
  attempt.type,
  attempt.key ?? '-',
  outcomeOf(attempt),
  String(attempt.duration_ms ?? '-'),
  String(attempt.number),
  attempt.state ?? '-',
]

function lineFor(attempt: Answer<typeof TailedAttempt>, out: Output): string {
  const { type, key, error, duration_ms, number, state, due_at } = attempt
  const time = out.isUtc ? attempt.started_at : attempt.started_at.slice(11, 23)
  const outcome = out.style(error === null ? 'green' : 'red', outcomeOf(attempt))
  const took = duration_ms === null ? '' : ` in ${duration_ms} ms`
  const next = state === 'pending' && due_at !== null ? `retry ${out.time(due_at)}` : (state ?? '')
  return [
    out.style('dim', time),
    `${oneLine(type)} ${oneLine(key ?? '')}`.trim(),
    `→ ${outcome}${took}`,
    `attempt ${number}`,
    out.styled(next, state === null ? undefined : stateStyle(state)),
    out.style('dim', attempt.delivery_id),
  ].join('  ')
}
