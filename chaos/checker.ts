// Compares the accounts: pure, so that it can be tested on doctored records. Every violation names its invariant:
//
// G1 capture       each committed change is one event; nothing that was rolled back is
// G2 at least once each event reached every endpoint that wants it; nothing stays open; in a hush, at once
// G3 identity      one id per event, one event per id
// G4 duplication   nothing is sent again after a success, unless a fault put it in doubt or a person asked
// G6 bytes         one body per id; every signature verifies; the time signed is the sender's
// G7 order         on ordered endpoints a key's versions come one after the other
// G13 books        each request is an attempt; no success that no receiver gave

import { findExtras } from './duplicates.ts'
import { promptMs } from './quiet-period.ts'
import { attemptId, type Records, type Request, succeeded } from './records.ts'
import { findMisdated } from './timestamps.ts'
import { promptEndpoint } from './topology.ts'

export interface Violation {
  invariant: string
  what: string
}

export interface Verdict {
  violations: Violation[]
  figures: Record<string, number>
}

export const invariants = {
  G1: 'capture',
  G2: 'at least once, in time',
  G3: 'one id per event',
  G4: 'bounded duplication',
  G6: 'same bytes, signed',
  G7: 'order per key',
  G13: 'honest books',
} as const

type Invariant = keyof typeof invariants

export function check(records: Records): Verdict {
  const index = new Index(records)
  const { extras, inFlightAtFaults } = findExtras(records, index.byDelivery)
  const inDoubt = extras.filter(extra => extra.cause === 'fault').length
  const violations = [
    ...capture(records),
    ...rolledBack(records),
    ...atLeastOnce(records, index),
    ...promptness(records),
    ...identity(records),
    ...bytes(records),
    ...findMisdated(records).map(({ request, offSeconds }) =>
      violation('G6', `${named(request)} is dated ${offSeconds} s wrong, and its sender's clock was not`),
    ),
    ...order(records),
    ...extras
      .filter(extra => extra.cause === null)
      .map(({ request }) =>
        violation('G4', `${named(request)} was sent again after a success nobody doubted`),
      ),
    ...books(records, index),
  ]
  const states = (state: string) => records.books.deliveries.filter(d => d.state === state).length
  return {
    violations,
    figures: {
      faults: records.faults.length,
      changes: records.writes.length,
      committed: records.books.facts.length,
      'rolled back': records.writes.filter(w => w.outcome === 'rolled back').length,
      'unknown to the writer': records.writes.filter(w => w.outcome === 'unknown').length,
      events: records.books.events.length,
      delivered: states('delivered'),
      dead: states('dead'),
      requests: records.requests.length,
      attempts: records.books.attempts.length,
      interrupted: records.books.attempts.filter(a => a.error === 'interrupted').length,
      'extra, asked for': extras.filter(extra => extra.cause === 'replay').length,
      'extra, through faults': inDoubt,
      'in flight at faults': inFlightAtFaults,
    },
  }
}

const violation = (invariant: Invariant, what: string): Violation => ({ invariant, what })
const named = ({ endpoint, webhookId, attempt, token }: Request) =>
  `${token} (${webhookId}) to ${endpoint}, attempt ${attempt}`

/** Requests and attempts by delivery and number. */
class Index {
  readonly byDelivery: Map<string, Request[]>
  readonly requests = new Map<string, Request>()
  readonly attempts: Map<string, Records['books']['attempts'][number]>

  constructor({ requests, books }: Records) {
    this.byDelivery = Map.groupBy(requests, r => `${r.endpoint} ${r.webhookId}`)
    for (const r of requests) this.requests.set(attemptId(r.endpoint, r.webhookId, r.attempt), r)
    this.attempts = new Map(books.attempts.map(a => [attemptId(a.endpoint, a.webhookId, a.number), a]))
  }
}

function capture({ writes, books }: Records): Violation[] {
  const facts = new Set(books.facts)
  const events = Map.groupBy(books.events, event => event.token)
  return [
    ...writes
      .filter(write => write.outcome === 'committed' && !facts.has(write.token))
      .map(({ token }) => violation('G1', `${token} was acknowledged as committed and is gone`)),
    ...writes
      .filter(write => write.outcome === 'rolled back' && facts.has(write.token))
      .map(({ token }) => violation('G1', `${token} was rolled back and is there`)),
    ...books.facts
      .filter(token => events.get(token)?.length !== 1)
      .map(token =>
        violation('G1', `${token} was committed and has ${events.get(token)?.length ?? 0} events`),
      ),
    ...books.events
      .filter(event => !facts.has(event.token))
      .map(({ token }) => violation('G1', `${token} has an event and was never committed`)),
  ]
}

function rolledBack({ requests, books }: Records): Violation[] {
  const facts = new Set(books.facts)
  const untrue = requests.filter(request => !facts.has(request.token))
  return untrue.map(request => violation('G1', `${named(request)} tells of what was never committed`))
}

function atLeastOnce({ endpoints, books }: Records, { byDelivery }: Index): Violation[] {
  const states = new Map(books.deliveries.map(d => [`${d.endpoint} ${d.webhookId}`, d.state]))
  const wanted = books.events.flatMap(event =>
    endpoints
      .filter(({ types }) => types.some(type => event.type.startsWith(type)))
      .map(({ name }) => ({ ...event, name, id: `${name} ${event.webhookId}` })),
  )
  const waiting = books.waiting > 0 ? [violation('G2', `${books.waiting} events still wait`)] : []
  return wanted.reduce((found, { id, token, name }) => {
    const state = states.get(id)
    const heard = byDelivery.get(id)?.some(succeeded) ?? false
    if (state === undefined) found.push(violation('G2', `${token} is lost: no delivery to ${name}`))
    else if (state === 'pending' || state === 'sending')
      found.push(violation('G2', `${token} to ${name} is ${state} at the end`))
    else if (state === 'delivered' && !heard)
      found.push(violation('G2', `${token} is lost: "delivered", but ${name} never answered 2xx`))
    return found
  }, waiting)
}

function promptness({ writes, requests }: Records): Violation[] {
  const first = new Map<string, number>()
  for (const { token, endpoint, came } of requests) {
    if (endpoint === promptEndpoint && came < (first.get(token) ?? Number.POSITIVE_INFINITY))
      first.set(token, came)
  }
  return writes
    .filter(write => write.promptly && write.outcome === 'committed')
    .map(({ token, at }) => ({ token, lateMs: (first.get(token) ?? Number.POSITIVE_INFINITY) - at }))
    .filter(({ lateMs }) => lateMs > promptMs)
    .map(({ token, lateMs }) => violation('G2', `${token} came ${lateMs} ms after its commit, in a hush`))
}

function identity({ requests, books }: Records): Violation[] {
  const ids = new Map(books.events.map(event => [event.token, event.webhookId]))
  const strangers = requests.filter(r => ids.has(r.token) && ids.get(r.token) !== r.webhookId)
  return strangers.map(request => violation('G3', `${named(request)} bears the id of another event`))
}

function bytes({ requests }: Records): Violation[] {
  const bodies = new Map<string, string>()
  return requests.flatMap(request => {
    const body = bodies.get(request.webhookId) ?? request.body
    bodies.set(request.webhookId, body)
    return [
      ...(body === request.body ? [] : [violation('G6', `${named(request)} has another body than before`)]),
      ...request.faults.map(fault => violation('G6', `${named(request)} does not verify: ${fault}`)),
    ]
  })
}

/** No request for a version may come before the version below it was answered 2xx. */
function order({ endpoints, requests, books }: Records): Violation[] {
  const dead = new Set(
    books.deliveries.filter(d => d.state === 'dead').map(d => `${d.endpoint} ${d.webhookId}`),
  )
  return endpoints
    .filter(endpoint => endpoint.ordered)
    .flatMap(({ name }) => {
      const keyed = requests.filter(r => r.endpoint === name && r.key !== null)
      return [...Map.groupBy(keyed, r => r.key!).values()].flatMap(ofKey => disorder(ofKey, dead))
    })
}

function disorder(ofKey: Request[], dead: Set<string>): Violation[] {
  const versions = Map.groupBy(ofKey, r => r.version)
  return [...versions].flatMap(([version, requests]) => {
    const before = versions.get(version - 1)
    if (version === 1 || before?.some(r => dead.has(`${r.endpoint} ${r.webhookId}`))) return []
    const settledAs = Math.min(...(before ?? []).filter(succeeded).map(r => r.answeredAs))
    const first = requests.reduce((a, b) => (a.cameAs < b.cameAs ? a : b))
    if (first.cameAs > settledAs) return []
    return [
      violation('G7', `${first.key} version ${version} came before version ${version - 1} was answered`),
    ]
  })
}

function books({ requests, books }: Records, index: Index): Violation[] {
  const name = (r: { endpoint: string; webhookId: string }) => `${r.webhookId} to ${r.endpoint}`
  const numbers = new Set<string>()
  const unwritten = requests.flatMap(request => {
    const id = attemptId(request.endpoint, request.webhookId, request.attempt)
    const twice = numbers.has(id)
    numbers.add(id)
    return [
      ...(index.attempts.has(id) ? [] : [violation('G13', `${named(request)} is not in the books`)]),
      ...(twice ? [violation('G13', `${named(request)} was sent twice under one number`)] : []),
    ]
  })
  const untrue = books.attempts.flatMap(attempt => {
    const request = index.requests.get(attemptId(attempt.endpoint, attempt.webhookId, attempt.number))
    const isSuccess = attempt.error === null
    if (isSuccess && !(request && succeeded(request)))
      return [
        violation('G13', `${name(attempt)}, attempt ${attempt.number}: a success that no receiver gave`),
      ]
    if (attempt.error === 'bad_status' && request?.answer !== attempt.status)
      return [violation('G13', `${name(attempt)}, attempt ${attempt.number}: a status that no receiver gave`)]
    return []
  })
  return [...unwritten, ...untrue]
}
