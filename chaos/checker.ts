// Compares the four accounts of a run. Pure, so that tests can run it on altered records. A violation names its invariant:
//
// G1 capture       each committed change is one event; nothing that was rolled back is
// G2 at least once each event reached every endpoint subscribed to it; no work stays open; prompt in a quiet period
// G3 identity      one id per event, one event per id
// G4 duplication   no request follows a success, unless a fault disrupted the success, its answer came too late or a replay was asked for
// G6 bytes         one body per id; every signature verifies; the timestamp is the sender's time
// G7 order         on ordered endpoints a key's versions arrive one after the other
// G13 record       each request is recorded as an attempt; each recorded status is one that the receiver sent
// S1  server       no statement makes Postgres crash

import { findDuplicates } from './duplicates.ts'
import { promptMs } from './quiet-period.ts'
import { attemptId, type ReceivedRequest, type Records, succeeded } from './records.ts'
import { findWrongTimestamps } from './timestamps.ts'
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
  G13: 'true record of attempts',
  S1: 'no crash of Postgres',
} as const

type Invariant = keyof typeof invariants

export function check(records: Records): Verdict {
  const index = new Index(records)
  const { duplicates, inFlightAtFaults } = findDuplicates(records, index.byDelivery)
  const violations = [
    ...capture(records),
    ...rolledBack(records),
    ...atLeastOnce(records, index),
    ...promptness(records),
    ...identity(records),
    ...bytes(records),
    ...findWrongTimestamps(records).map(({ request, offSeconds }) =>
      violation('G6', `${named(request)} has a timestamp ${offSeconds} s off its sender's clock`),
    ),
    ...order(records),
    ...duplicates
      .filter(duplicate => duplicate.cause === null)
      .map(({ request }) =>
        violation('G4', `${named(request)} was sent after a success that no fault disrupted`),
      ),
    ...recordedAttempts(records, index),
    ...records.crashes.map(crash => violation('S1', crash)),
  ]
  const { writes, database } = records
  const states = (state: string) => database.deliveries.filter(d => d.state === state).length
  const caused = (cause: string) => duplicates.filter(duplicate => duplicate.cause === cause).length
  return {
    violations,
    figures: {
      faults: records.faults.length,
      changes: writes.length,
      committed: database.facts.length,
      'rolled back': writes.filter(w => w.outcome === 'rolled back').length,
      'unknown to the writer': writes.filter(w => w.outcome === 'unknown').length,
      events: database.events.length,
      delivered: states('delivered'),
      dead: states('dead'),
      requests: records.requests.length,
      attempts: database.attempts.length,
      interrupted: database.attempts.filter(a => a.error === 'interrupted').length,
      'duplicates through replays': caused('replay'),
      'duplicates through faults': caused('fault'),
      'duplicates through late answers': caused('late answer'),
      'in flight at faults': inFlightAtFaults,
    },
  }
}

const violation = (invariant: Invariant, what: string): Violation => ({ invariant, what })
const named = ({ endpoint, webhookId, attempt, token }: ReceivedRequest) =>
  `${token} (${webhookId}) to ${endpoint}, attempt ${attempt}`

/** Requests and attempts by delivery and number. */
class Index {
  readonly byDelivery: Map<string, ReceivedRequest[]>
  readonly requests = new Map<string, ReceivedRequest>()
  readonly attempts: Map<string, Records['database']['attempts'][number]>

  constructor({ requests, database }: Records) {
    this.byDelivery = Map.groupBy(requests, r => `${r.endpoint} ${r.webhookId}`)
    for (const r of requests) this.requests.set(attemptId(r.endpoint, r.webhookId, r.attempt), r)
    this.attempts = new Map(database.attempts.map(a => [attemptId(a.endpoint, a.webhookId, a.number), a]))
  }
}

function capture({ writes, database }: Records): Violation[] {
  const facts = new Set(database.facts)
  const events = Map.groupBy(database.events, event => event.token)
  return [
    ...writes
      .filter(write => write.outcome === 'committed' && !facts.has(write.token))
      .map(({ token }) => violation('G1', `${token} was acknowledged as committed and is missing`)),
    ...writes
      .filter(write => write.outcome === 'rolled back' && facts.has(write.token))
      .map(({ token }) => violation('G1', `${token} was rolled back and is in the database`)),
    ...database.facts
      .filter(token => events.get(token)?.length !== 1)
      .map(token =>
        violation('G1', `${token} was committed and has ${events.get(token)?.length ?? 0} events`),
      ),
    ...database.events
      .filter(event => !facts.has(event.token))
      .map(({ token }) => violation('G1', `${token} has an event and was never committed`)),
  ]
}

function rolledBack({ requests, database }: Records): Violation[] {
  const facts = new Set(database.facts)
  const untrue = requests.filter(request => !facts.has(request.token))
  return untrue.map(request => violation('G1', `${named(request)} has a change that was never committed`))
}

function atLeastOnce({ endpoints, database }: Records, { byDelivery }: Index): Violation[] {
  const states = new Map(database.deliveries.map(d => [`${d.endpoint} ${d.webhookId}`, d.state]))
  const wanted = database.events.flatMap(event =>
    endpoints
      .filter(({ types }) => types.some(type => event.type.startsWith(type)))
      .map(({ name }) => ({ ...event, name, id: `${name} ${event.webhookId}` })),
  )
  const waiting =
    database.waiting > 0 ? [violation('G2', `${database.waiting} events have no fan-out at the end`)] : []
  return wanted.reduce((found, { id, token, name }) => {
    const state = states.get(id)
    const received = byDelivery.get(id)?.some(succeeded) ?? false
    if (state === undefined) found.push(violation('G2', `${token} is lost: no delivery to ${name}`))
    else if (state === 'pending' || state === 'sending')
      found.push(violation('G2', `${token} to ${name} is ${state} at the end`))
    else if (state === 'delivered' && !received)
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
    .map(({ token, lateMs }) =>
      violation('G2', `${token} came ${lateMs} ms after its commit, in a quiet period`),
    )
}

function identity({ requests, database }: Records): Violation[] {
  const ids = new Map(database.events.map(event => [event.token, event.webhookId]))
  const mistaken = requests.filter(r => ids.has(r.token) && ids.get(r.token) !== r.webhookId)
  return mistaken.map(request => violation('G3', `${named(request)} has the id of another event`))
}

function bytes({ requests }: Records): Violation[] {
  const bodies = new Map<string, string>()
  return requests.flatMap(request => {
    const body = bodies.get(request.webhookId) ?? request.body
    bodies.set(request.webhookId, body)
    return [
      ...(body === request.body ? [] : [violation('G6', `${named(request)} has another body than before`)]),
      ...request.verificationErrors.map(error =>
        violation('G6', `${named(request)} does not verify: ${error}`),
      ),
    ]
  })
}

/** A version may arrive only after the version before it was answered 2xx. */
function order({ endpoints, requests, database }: Records): Violation[] {
  const dead = new Set(
    database.deliveries.filter(d => d.state === 'dead').map(d => `${d.endpoint} ${d.webhookId}`),
  )
  return endpoints
    .filter(endpoint => endpoint.ordered)
    .flatMap(({ name }) => {
      const keyed = requests.filter(r => r.endpoint === name && r.key !== null)
      return [...Map.groupBy(keyed, r => r.key!).values()].flatMap(ofKey => orderOfKey(ofKey, dead))
    })
}

function orderOfKey(requests: ReceivedRequest[], dead: Set<string>): Violation[] {
  const versions = Map.groupBy(requests, r => r.version)
  return [...versions].flatMap(([version, ofVersion]) => {
    const before = versions.get(version - 1)
    if (version === 1 || before?.some(r => dead.has(`${r.endpoint} ${r.webhookId}`))) return []
    const answeredAs = Math.min(...(before ?? []).filter(succeeded).map(r => r.answeredAs))
    const first = ofVersion.reduce((a, b) => (a.cameAs < b.cameAs ? a : b))
    if (first.cameAs > answeredAs) return []
    return [
      violation('G7', `${first.key} version ${version} came before version ${version - 1} was answered`),
    ]
  })
}

function recordedAttempts({ requests, database }: Records, index: Index): Violation[] {
  const numbers = new Set<string>()
  const unrecorded = requests.flatMap(request => {
    const id = attemptId(request.endpoint, request.webhookId, request.attempt)
    const twice = numbers.has(id)
    numbers.add(id)
    return [
      ...(index.attempts.has(id)
        ? []
        : [violation('G13', `${named(request)} is not recorded as an attempt`)]),
      ...(twice ? [violation('G13', `${named(request)} was sent twice under one number`)] : []),
    ]
  })
  const untrue = database.attempts.flatMap(({ endpoint, webhookId, number, error, status }) => {
    const request = index.requests.get(attemptId(endpoint, webhookId, number))
    const name = `${webhookId} to ${endpoint}, attempt ${number}`
    if (error === null && !(request && succeeded(request)))
      return [violation('G13', `${name}: recorded as a success, which the receiver did not send`)]
    if (error === 'bad_status' && request?.answer !== status)
      return [violation('G13', `${name}: recorded with a status that the receiver did not send`)]
    return []
  })
  return [...unrecorded, ...untrue]
}
