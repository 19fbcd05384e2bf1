// `outbox events`: what happened, newest first, or one event with its deliveries.
import type { Command } from 'commander'
import type { EventWithDeliveries, ListedEvent } from '../../functions/events/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import type { Answer } from '../api/answers.ts'
import { type Context, contextOf } from '../globals.ts'
import { groupBy } from '../group-by.ts'
import { jsonText } from '../output.ts'
import { timeOf, wholeNumber } from '../parse.ts'
import { fieldLines } from '../show/fields.ts'
import { addEventsTail } from '../tail/events.ts'
import { deliveryColumns } from './deliveries.ts'

type Listed = Answer<typeof ListedEvent>
type Event = Answer<typeof EventWithDeliveries>

interface Filter {
  readonly type?: string
  readonly tenant?: string
  readonly key?: string
  readonly since?: string
  readonly until?: string
  readonly limit: number
}

export function addEvents(program: Command): void {
  const events = explain(program.command('events'), 'what happened: list events, read one, watch', [
    'outbox events list --type order.shipped --since 2h',
    'outbox events get evt_00000000000004d2a1b2c3d4',
  ])
  addCommand(events, 'list', 'list events, newest first', [
    'outbox events list --type order.shipped --since 2h',
    'outbox events list --key orders/17 --json',
  ])
    .option('--type <type>', 'of this type')
    .option('--tenant <tenant>', 'of this tenant')
    .option('--key <key>', 'about this, such as orders/17')
    .option('--since <time>', 'from this time on: 2h, 7d, or a time', timeOf)
    .option('--until <time>', 'before this time', timeOf)
    .option('--limit <n>', 'how many at most', wholeNumber, 50)
    .action((filter: Filter, command: Command) => listEvents(contextOf(command), filter))
  addCommand(events, 'get <event>', 'print an event with its data and its deliveries', [
    'outbox events get evt_00000000000004d2a1b2c3d4',
    'outbox events get evt_00000000000004d2a1b2c3d4 --json | jq .data',
  ]).action((id: string, _options, command: Command) => getEvent(contextOf(command), id))
  addEventsTail(events)
}

async function listEvents({ api, out }: Context, { limit, ...filter }: Filter): Promise<void> {
  const events = await (await api()).all<Listed>('/v1/events', { ...filter }, limit)
  out.rows(events, [
    { title: 'event', text: event => event.id },
    { title: 'when', text: event => out.time(event.timestamp) },
    { title: 'type', text: event => event.type },
    { title: 'key', text: event => event.key ?? '-' },
    { title: 'tenant', text: event => event.tenant ?? '-' },
    { title: 'deliveries', text: describeDeliveries, style: deliveriesStyle },
  ])
  if (events.length === 0)
    out.note('There is none. Did the row change? outbox explain --table orders --key 17')
  if (events.length === limit) out.note(`These are the newest ${limit}: --limit shows more.`)
}

/** `2 delivered, 1 dead`. */
function describeDeliveries({ deliveries }: Listed): string {
  const counts = groupBy(deliveries, ({ state }) => state)
  return [...counts].map(([state, of]) => `${of.length} ${state}`).join(', ') || 'none'
}

function deliveriesStyle({ deliveries }: Listed) {
  if (deliveries.some(({ state }) => state === 'dead')) return 'red'
  return deliveries.length > 0 && deliveries.every(({ state }) => state === 'delivered') ? 'green' : undefined
}

async function getEvent({ api, out }: Context, id: string): Promise<void> {
  const event = await (await api()).get<Event>(`/v1/events/${encodeURIComponent(id)}`)
  if (out.isJson) return out.result(event, [])
  const { deliveries, data, ...fields } = event
  out.result(event, fieldLines({ ...fields, data: jsonText(data) }, out))
  if (out.isTerminal && deliveries.length > 0) out.data('\n')
  out.rows(deliveries, deliveryColumns(out))
  out.note(
    deliveries.length === 0 ? `No endpoint gets it: outbox explain ${id}` : `why: outbox explain ${id}`,
  )
}
