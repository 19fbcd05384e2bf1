// `outbox events tail`: events as they are committed, each once and none left out.
import type { Command } from 'commander'
import { parseJson } from '../../functions/http/json.ts'
import { addCommand } from '../add-command.ts'
import { type Context, contextOf } from '../globals.ts'
import { jsonText, keepsNumbers, oneLine } from '../output.ts'
import { follow, type TailOptions } from './follow.ts'
import { addTailOptions } from './options.ts'

interface Filter extends TailOptions {
  readonly type?: string
  readonly tenant?: string
  readonly data?: boolean
}

interface TailedEvent {
  readonly id: string
  readonly type: string
  readonly key: string | null
  readonly tenant: string | null
  readonly timestamp: string
  readonly data?: unknown
}

export function addEventsTail(events: Command): void {
  const command = addCommand(events, 'tail', 'print events as they are committed, each once', [
    'outbox events tail --type order.shipped',
    'outbox events tail --resume /var/lib/audit/position --data --json >> events.jsonl',
  ])
    .option('--type <type>', 'of this type')
    .option('--tenant <tenant>', 'of this tenant')
    .option('--data', 'also what they hold')
  addTailOptions(command).action((filter: Filter, command: Command) => tail(contextOf(command), filter))
}

async function tail({ api, out }: Context, { type, tenant, data, ...options }: Filter): Promise<void> {
  const query = { type, tenant, include: data ? 'data' : undefined }
  await follow(await api(), out, '/v1/events/tail', query, options, text => {
    if (out.isJson) return out.data(text)
    const event = (keepsNumbers ? parseJson(text) : JSON.parse(text)) as TailedEvent
    const cells = [event.id, event.type, event.key ?? '-', event.tenant ?? '-']
    const shown = event.data === undefined ? [] : [jsonText(event.data)]
    const time = out.isTerminal && !out.isUtc ? event.timestamp.slice(11, 23) : event.timestamp
    const line = [out.style('dim', time), ...[...cells, ...shown].map(oneLine)]
    out.data(line.join(out.isTerminal ? '  ' : '\t'))
  })
}
