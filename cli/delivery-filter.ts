// Which deliveries: the options of everything that finds them, as the API takes them.
import { type Command, Option } from 'commander'
import { timeOf } from './parse.ts'

export interface DeliveryFilter {
  readonly state?: string
  readonly endpoint?: string
  readonly event?: string
  readonly error?: string
  readonly status?: string
  readonly type?: string
  readonly tenant?: string
  readonly key?: string
  readonly since?: string
  readonly until?: string
}

const states = ['pending', 'sending', 'delivered', 'dead', 'canceled']

export const addFilter = (command: Command): Command =>
  command
    .addOption(new Option('--state <state>', 'in this state').choices(states))
    .option('--endpoint <endpoint>', 'for this endpoint')
    .option('--event <event>', 'of this event')
    .option('--error <kind>', 'whose last attempt failed with this, such as timeout')
    .option('--status <status>', 'whose last attempt was answered with this: 503, or 5xx')
    .option('--type <type>', 'of events of this type')
    .option('--tenant <tenant>', 'of events of this tenant')
    .option('--key <key>', 'of events about this, such as orders/17')
    .option('--since <time>', 'of events from this time on: 2h, 7d, or a time', timeOf)
    .option('--until <time>', 'of events before this time', timeOf)

/** What was not given is left out. */
export function filterOf({ endpoint, event, status, ...rest }: DeliveryFilter): Record<string, string> {
  const filter = { ...rest, endpoint_id: endpoint, event_id: event, response_status: status }
  return Object.fromEntries(
    Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
