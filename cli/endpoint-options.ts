// The settings of an endpoint as options of `endpoints create` and `endpoints update`.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { usageError } from './exit.ts'
import { collect, positive, wholeNumber } from './parse.ts'

export interface EndpointOptions {
  readonly url?: string
  readonly name?: string
  readonly types?: string[]
  readonly tenant?: string
  readonly description?: string
  readonly header?: string[]
  readonly signing?: string
  readonly ordering?: string
  readonly sequence?: boolean
  readonly maxInFlight?: number
  readonly rate?: number
  readonly timeout?: number
  readonly retrySchedule?: number[]
}

/** Those that `create` and `update` share. */
export function addSettings(command: Command): Command {
  return command
    .option('--name <name>', 'yours to choose, for outbox apply; no two of a tenant have the same')
    .option('--types <type...>', 'which events it gets, such as order.shipped or order.* (default: all)')
    .option('--tenant <tenant>', "only this tenant's events")
    .option('--description <text>', 'for people')
    .option('--header <name:value>', 'sent with every webhook; may be given several times', collect)
    .addOption(
      new Option('--ordering <kind>', 'key = events with one key arrive one by one').choices(['none', 'key']),
    )
    .option('--sequence', 'number its deliveries without a gap, in the header outbox-sequence')
    .option('--no-sequence', 'number them no more')
    .option('--max-in-flight <n>', 'requests at once', wholeNumber)
    .option('--rate <n>', 'webhooks a second at most', positive)
    .option('--timeout <seconds>', 'how long it may take to answer', positive)
    .option('--retry-schedule <seconds>', 'waits after attempt 1, 2, …: 5,300,3600', waits)
}

/** As the API takes them. What was not given is left out. */
export function settingsOf(options: EndpointOptions): Record<string, unknown> {
  const settings = {
    name: options.name,
    url: options.url,
    event_types: options.types,
    tenant: options.tenant,
    description: options.description,
    headers: options.header && Object.fromEntries(options.header.map(headerOf)),
    signing: options.signing,
    ordering: options.ordering,
    sequence: options.sequence,
    max_in_flight: options.maxInFlight,
    rate_per_second: options.rate,
    timeout_seconds: options.timeout,
    retry_schedule: options.retrySchedule,
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function headerOf(text: string): [string, string] {
  const at = text.indexOf(':')
  if (at < 1) throw usageError('--header takes name:value.')
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

const waits = (text: string): number[] =>
  text.split(',').map(part => {
    const seconds = Number(part)
    if (!(seconds >= 0) || part.trim() === '')
      throw new InvalidArgumentError('Expected seconds with commas between them.')
    return seconds
  })
