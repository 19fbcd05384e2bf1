// The filter of deliveries: as it stands in the URL, as the API takes it, and as a sentence.
import { html } from 'hono/html'
import { parseId } from '../../delivery/ids.ts'
import type { DeliveryFilter } from '../deliveries/list.ts'
import { ListedError, ResponseStatus, State } from '../deliveries/schema.ts'
import type { RedeliveryFilter } from '../replays/schema.ts'
import { type Query, readTime } from './filters.ts'
import type { Icon } from './icons.ts'
import { type Child, foreign } from './parts.ts'
import type { View } from './view.ts'
import { exactly, shortId } from './words.ts'

export const stateWords: readonly (readonly [value: State, words: string, icon: Icon])[] = [
  ['pending', 'Waiting', 'pending'],
  ['sending', 'Sending', 'sending'],
  ['delivered', 'Delivered', 'delivered'],
  ['dead', 'Dead', 'dead'],
  ['canceled', 'Canceled', 'canceled'],
]

export const filterNames = [
  'state',
  'type',
  'key',
  'endpoint_id',
  'event_id',
  'tenant',
  'error',
  'status',
  'since',
  'until',
]

export interface ReadFilter {
  readonly filter: DeliveryFilter
  /** The fields that could not be read; each was left out. */
  readonly wrong: readonly string[]
}

export function readFilter(query: Query, { now }: Pick<View, 'now'>): ReadFilter {
  const filter = {
    state: State.safeParse(query.state).data,
    endpoint: parseId('ep', query.endpoint_id ?? '') ?? undefined,
    event: parseId('evt', query.event_id ?? '') ?? undefined,
    error: ListedError.safeParse(query.error).data,
    status: ResponseStatus.safeParse(query.status).data,
    type: query.type,
    tenant: query.tenant,
    key: query.key,
    since: query.since ? (readTime(query.since, now) ?? undefined) : undefined,
    until: query.until ? (readTime(query.until, now) ?? undefined) : undefined,
  }
  const fields = { ...filter, endpoint_id: filter.endpoint, event_id: filter.event }
  return {
    filter,
    wrong: filterNames.filter(name => query[name] && fields[name as keyof typeof fields] === undefined),
  }
}

/** For an operation on all that match. Only of a filter in which everything could be read. */
export function toRedeliveryFilter(
  query: Query,
  { state, error, since, until }: DeliveryFilter,
): RedeliveryFilter {
  const { endpoint_id, event_id, status: response_status, type, tenant, key } = query
  const given = {
    ...{ state, error, endpoint_id, event_id, response_status, type, tenant, key },
    since: since?.toISOString(),
    until: until?.toISOString(),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** As endpoints have it, and no filter. */
export const isPattern = ({ type }: Query): boolean => type?.includes('*') ?? false
export const aboutPatterns =
  ' A type is looked for as it is, such as order.shipped; patterns with * are for endpoints.'

/** `<b>dead</b> deliveries of <b>order.shipped</b> since …` */
export function filterWords(query: Query, { since, until, state }: DeliveryFilter, isOne = false): Child {
  const words = stateWords.find(([value]) => value === state)?.[1].toLowerCase()
  const part = (before: string, text: Child) => (text ? html` ${before} <b>${text}</b>` : '')
  const given = (name: string) => (query[name] ? foreign(query[name]) : '')
  return html`${words ? html`<b>${words}</b> ` : ''}${isOne ? 'delivery' : 'deliveries'}${[
    part('of', given('type')),
    part('with key', given('key')),
    part('to', query.endpoint_id && foreign(shortId(query.endpoint_id))),
    part('of event', query.event_id && foreign(shortId(query.event_id))),
    part('of tenant', given('tenant')),
    part('that failed with', given('error')),
    part('answered with', given('status')),
    part('since', since && exactly(since)),
    part('until', until && exactly(until)),
  ]}`
}
