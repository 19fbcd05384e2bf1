// The checker of a chaos run, on altered records: it accepts an honest run and finds each kind of violation.
import { describe, expect, test } from 'vitest'
import { check } from '../../chaos/checker.ts'
import type { ReceivedRequest, Records } from '../../chaos/records.ts'

test('the checker of a chaos run accepts an honest run', () => {
  expect(check(honest()).violations).toEqual([])
})

describe('the checker of a chaos run finds', () => {
  test.each<[string, string, (run: Records) => void]>([
    ['a committed change that is missing', 'G1', run => run.writes.push(write('fact-9'))],
    [
      'a rolled-back change that is in the database',
      'G1',
      run => Object.assign(run.writes[0]!, { outcome: 'rolled back' }),
    ],
    ['a change without an event', 'G1', run => run.database.facts.push('fact-9')],
    ['a change with two events', 'G1', run => run.database.events.push({ ...run.database.events[0]! })],
    ['a webhook of a rolled-back change', 'G1', run => run.requests.push(request('good', 'fact-9', 8))],
    [
      'an event of a rolled-back change',
      'G1',
      run => {
        forget(run.database.facts, 'fact-1')
        run.requests = run.requests.filter(r => r.token !== 'fact-1')
      },
    ],
    ['a lost event without a delivery', 'G2', run => void run.database.deliveries.shift()],
    ['a lost event that no receiver got', 'G2', run => Object.assign(run.requests[0]!, { answer: 500 })],
    [
      'a delivery that is still pending',
      'G2',
      run => Object.assign(run.database.deliveries[0]!, { state: 'pending' }),
    ],
    [
      'a delivery that is still sending',
      'G2',
      run => Object.assign(run.database.deliveries[0]!, { state: 'sending' }),
    ],
    ['an event without a fan-out', 'G2', run => Object.assign(run.database, { waiting: 1 })],
    ['a late event in a quiet period', 'G2', run => Object.assign(run.writes[0]!, { at: -60_000 })],
    ['a missing event in a quiet period', 'G2', run => void run.requests.shift()],
    ['two ids for one event', 'G3', run => Object.assign(run.requests[0]!, { webhookId: 'evt_other' })],
    ['a request after a success', 'G4', run => repeat(run, run.requests[0]!)],
    ['two bodies under one id', 'G6', run => Object.assign(run.requests[0]!, { body: 'other' })],
    ['a forged signature', 'G6', run => run.requests[0]!.verificationErrors.push('signature')],
    [
      'a timestamp that is not the time of the request',
      'G6',
      run => Object.assign(run.requests[0]!, { signedAt: 3_600_000 }),
    ],
    [
      'a version that arrives before the version below it',
      'G7',
      run => Object.assign(find(run, 'ordered', 'fact-2'), { cameAs: 0 }),
    ],
    [
      'a version that arrives after its predecessor failed',
      'G7',
      run => Object.assign(find(run, 'ordered', 'fact-1'), { answer: 500 }),
    ],
    ['a request that is not recorded as an attempt', 'G13', run => void run.database.attempts.shift()],
    [
      'a recorded success that no receiver sent',
      'G13',
      run => Object.assign(run.requests[0]!, { answer: 'reset' }),
    ],
    ['a crash of Postgres', 'S1', run => run.crashes.push('was terminated by signal 11')],
    ['two requests under one number', 'G13', run => void run.requests.push({ ...run.requests[0]! })],
    [
      'a recorded status that no receiver sent',
      'G13',
      run => Object.assign(run.database.attempts[0]!, { error: 'bad_status', status: 500 }),
    ],
  ])('%s (%s)', (_, invariant, alter) => {
    const run = honest()
    alter(run)
    expect(check(run).violations.map(violation => violation.invariant)).toContain(invariant)
  })
})

describe('the checker excuses a duplicate', () => {
  test('after a fault that hit the success before it was read or recorded, not after an earlier or later fault', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    const hit = { from: first!.answered + 500, until: first!.answered + 500 }
    run.faults.push({ kind: 'kill listener', target: 'listener 1', ...hit, disruptions: [hit] })
    expect(check(run)).toMatchObject({ violations: [], figures: { 'duplicates through faults': 1 } })
    for (const at of [first!.answered + 5_000, first!.came - 5_000]) {
      run.faults[0]!.disruptions = [{ from: at, until: at }]
      expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
    }
    run.faults[0]!.disruptions = [{ from: first!.came - 500, until: first!.came - 500 }]
    expect(check(run).violations).toEqual([])
  })

  test('after a fault of the listener that sent the success, not after a fault of another', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    run.senders.set(`${first!.endpoint} ${first!.webhookId} 1`, 'listener 1')
    const hit = { from: first!.came, until: first!.answered, listener: 'listener 1' }
    run.faults.push({ kind: 'kill listener', target: 'listener 1', from: 0, until: 0, disruptions: [hit] })
    expect(check(run).violations).toEqual([])
    hit.listener = 'listener 2'
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
  })

  test('after an answer that came when the sender had given up, by its own record and its timestamp, and not by its record alone', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    const recorded = run.database.attempts.find(
      ({ webhookId, endpoint, number }) =>
        number === 1 && webhookId === first!.webhookId && endpoint === first!.endpoint,
    )!
    Object.assign(recorded, { error: 'timeout', status: null })
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
    first!.answered = first!.signedAt + 1_899
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
    first!.answered = first!.signedAt + 1_900 // of the last moment: read after it
    expect(check(run)).toMatchObject({ violations: [], figures: { 'duplicates through late answers': 1 } })
  })

  test('after a replay of its endpoint, not after a replay of another', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    const replay = { endpoint: 'good', asked: first!.answered + 1, finished: first!.answered + 10_000 }
    run.replays.push(replay)
    expect(check(run)).toMatchObject({ violations: [], figures: { 'duplicates through replays': 1 } })
    replay.endpoint = 'ordered'
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
  })

  test('with the lower attempt number, because a frozen sender sends its claims late', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!, 0)
    first!.attempt = 2
    run.database.attempts.find(attempt => attempt.endpoint === 'good')!.number = 2
    run.requests.at(-1)!.attempt = 1
    Object.assign(run.database.attempts.at(-1)!, { number: 1 })
    run.requests.at(-1)!.answer = 'unheard'
    run.database.attempts.at(-1)!.error = 'interrupted'
    expect(check(run).violations).toEqual([])
  })
})

describe('the checker excuses a wrong timestamp', () => {
  const hourMs = 3_600_000

  test('that fits the wrong clock of the listener that sent it, not of another', () => {
    const run = honest()
    const [first] = run.requests
    first!.signedAt += hourMs
    run.senders.set(`${first!.endpoint} ${first!.webhookId} 1`, 'listener 1')
    const skew = { listener: 'listener 1', from: 0, until: 2_000, ms: hourMs }
    run.faults.push({
      kind: 'skew clock',
      target: 'listener 1',
      from: 0,
      until: 2_000,
      disruptions: [],
      skew,
    })
    expect(check(run).violations).toEqual([])
    skew.listener = 'listener 2'
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G6'])
    Object.assign(skew, { listener: 'listener 1', ms: -hourMs })
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G6'])
  })

  test('that is as old as a freeze of its sender was long, not older', () => {
    const run = honest()
    const [first] = run.requests
    first!.signedAt -= 20_000
    const freeze = {
      kind: 'freeze past lease',
      target: 'listener 1',
      from: -18_900,
      until: 1_000,
      disruptions: [],
    }
    run.faults.push(freeze)
    expect(check(run).violations).toEqual([])
    freeze.from = 0
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G6'])
  })
})

/** Two versions of one key, for an unordered and an ordered endpoint. */
function honest(): Records {
  const tokens = ['fact-1', 'fact-2']
  const both = tokens.flatMap((token, i) => [request('good', token, i), request('ordered', token, i)])
  return {
    endpoints: [
      { name: 'good', types: ['fact.'], ordered: false },
      { name: 'ordered', types: ['fact.'], ordered: true },
    ],
    writes: tokens.map(write),
    requests: both,
    faults: [],
    replays: [],
    senders: new Map(),
    crashes: [],
    database: {
      facts: [...tokens],
      events: tokens.map(token => ({ webhookId: `evt_${token}`, token, type: 'fact.recorded' })),
      deliveries: both.map(({ endpoint, webhookId }) => ({ endpoint, webhookId, state: 'delivered' })),
      attempts: both.map(({ endpoint, webhookId }) => attempt(endpoint, webhookId, 1)),
      waiting: 0,
    },
  }
}

const write = (token: string): Records['writes'][number] => ({
  token,
  outcome: 'committed',
  at: 1_000,
  promptly: true,
})

const request = (endpoint: string, token: string, i: number): ReceivedRequest => ({
  endpoint,
  webhookId: `evt_${token}`,
  attempt: 1,
  token,
  key: 'k1',
  version: i + 1,
  body: `body of ${token}`,
  verificationErrors: [],
  signedAt: 1_000,
  came: 1_100 + i * 100,
  answered: 1_110 + i * 100,
  cameAs: 10 * i + 1,
  answeredAs: 10 * i + 2,
  answer: 200,
})

const attempt = (endpoint: string, webhookId: string, number: number) => ({
  endpoint,
  webhookId,
  number,
  sender: 'listener',
  error: null as string | null,
  status: 200,
})

/** Sends the request again, some time later, and records it as attempt 2. */
function repeat(run: Records, first: ReceivedRequest, laterMs = 5_000): void {
  const moment = {
    signedAt: first.signedAt + laterMs,
    came: first.came + laterMs,
    answered: first.answered + laterMs,
    cameAs: 98,
    answeredAs: 99,
  }
  run.requests.push({ ...first, ...moment, attempt: 2 })
  run.database.attempts.push(attempt(first.endpoint, first.webhookId, 2))
}

const find = ({ requests }: Records, endpoint: string, token: string) =>
  requests.find(r => r.endpoint === endpoint && r.token === token)!

function forget(list: string[], entry: string): void {
  list.splice(list.indexOf(entry), 1)
}
