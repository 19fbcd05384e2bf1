// `outbox deliveries`: one event for one endpoint each. Where they stand, and what the attempts saw.
import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, type Command, Option } from 'commander'
import type { Delivery, DeliveryWithAttempts } from '../../functions/deliveries/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import type { ApiClient } from '../api/client.ts'
import { addFilter, type DeliveryFilter, filterOf } from '../delivery-filter.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import type { Column, Output } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { fieldLines } from '../show/fields.ts'
import { stateStyle, stateWord } from '../show/words.ts'
import { addDeliveriesTail } from '../tail/deliveries.ts'

interface ListOptions extends DeliveryFilter {
  readonly limit: number
}

interface GetOptions {
  readonly wait?: string
  readonly timeout: number
}

const waitStepMs = 500

export function addDeliveries(program: Command): void {
  const deliveries = explain(
    program.command('deliveries'),
    'where webhooks stand: list deliveries, read one, watch',
    ['outbox deliveries list --state dead', 'outbox deliveries get dlv_00000000000004d20000000000000001'],
  )
  const list = addCommand(deliveries, 'list', 'list deliveries, those of the newest events first', [
    'outbox deliveries list --state dead',
    'outbox deliveries list --endpoint ep_0000000000000001a1b2c3d4 --json',
  ]).option('--limit <n>', 'how many at most', wholeNumber, 50)
  addFilter(list).action((options: ListOptions, command: Command) =>
    listDeliveries(contextOf(command), options),
  )
  addCommand(deliveries, 'get', 'print a delivery with its attempts', [
    'outbox deliveries get dlv_00000000000004d20000000000000001',
    'outbox deliveries get dlv_00000000000004d20000000000000001 --wait delivered',
  ])
    .addArgument(new Argument('<delivery>'))
    .addOption(
      new Option(
        '--wait <state>',
        'wait until it is there; exit with 7 where it cannot get there any more',
      ).choices(['delivered', 'dead']),
    )
    .option('--timeout <seconds>', 'how long to wait at most', wholeNumber, 60)
    .action((id: string, options: GetOptions, command: Command) =>
      getDelivery(contextOf(command), id, options),
    )
  addDeliveriesTail(deliveries)
}

export function deliveryColumns(out: Output): Column<Delivery>[] {
  return [
    { title: 'delivery', text: ({ id }) => id },
    {
      title: 'state',
      text: ({ state }) => stateWord(state, out.isTerminal),
      style: ({ state }) => stateStyle(state),
    },
    { title: 'attempt', text: ({ attempt }) => String(attempt) },
    { title: 'endpoint', text: delivery => delivery.endpoint_id },
    { title: 'due', text: delivery => out.time(delivery.due_at) },
    { title: 'finished', text: delivery => out.time(delivery.finished_at) },
    { title: 'reason', text: ({ reason }) => reason ?? '-' },
  ]
}

async function listDeliveries({ api, out }: Context, { limit, ...filter }: ListOptions): Promise<void> {
  const found = await (await api()).all<Delivery>('/v1/deliveries', filterOf(filter), limit)
  const [first, ...others] = deliveryColumns(out)
  out.rows(found, [first!, { title: 'event', text: delivery => delivery.event_id }, ...others])
  if (found.length === 0) out.note('There is none.')
  if (found.length === limit) out.note(`These are the newest ${limit}: --limit shows more.`)
  if (filter.state === 'dead' && found.length > 0)
    out.note(`send one again: outbox redeliver ${found[0]!.id}`)
}

async function getDelivery({ api, out }: Context, id: string, { wait, timeout }: GetOptions): Promise<void> {
  const client = await api()
  const delivery = wait === undefined ? await read(client, id) : await waitFor(client, id, wait, timeout)
  showDelivery(delivery, out)
  if (wait !== undefined && delivery.state !== wait) process.exitCode = exitCodes.isFalse
}

const read = (client: ApiClient, id: string) =>
  client.get<DeliveryWithAttempts>(`/v1/deliveries/${encodeURIComponent(id)}`)

async function waitFor(client: ApiClient, id: string, wanted: string, timeoutSeconds: number) {
  const end = performance.now() + timeoutSeconds * 1000
  for (;;) {
    const delivery = await read(client, id)
    if (delivery.state === wanted || delivery.finished_at !== null) return delivery
    if (performance.now() > end)
      throw new CommandError(
        exitCodes.isFalse,
        `It is still ${delivery.state} after ${timeoutSeconds} s: outbox explain ${id}`,
      )
    await sleep(waitStepMs)
  }
}

function showDelivery(delivery: DeliveryWithAttempts, out: Output): void {
  if (out.isJson) {
    out.result(delivery, [])
    return
  }
  const { attempts, ...fields } = delivery
  out.result(delivery, fieldLines(fields, out))
  if (out.isTerminal) out.data('\n')
  out.rows(attempts, [
    { title: 'attempt', text: ({ number }) => String(number) },
    { title: 'when', text: attempt => out.time(attempt.started_at) },
    {
      title: 'outcome',
      text: ({ error }) => error ?? 'delivered',
      style: ({ error }) => (error === null ? 'green' : 'red'),
    },
    { title: 'status', text: attempt => String(attempt.response_status ?? '-') },
    { title: 'took', text: attempt => (attempt.duration_ms === null ? '-' : `${attempt.duration_ms} ms`) },
    { title: 'sender', text: ({ sender }) => sender },
    { title: 'answer', text: attempt => attempt.response_body?.slice(0, 200) ?? '-', isProse: true },
  ])
  if (delivery.state === 'dead') out.note(`send it again: outbox redeliver ${delivery.id}`)
}
