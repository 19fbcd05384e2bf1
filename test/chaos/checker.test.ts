// The checker of the fault lab, on doctored records: it is content with an honest run and finds each kind of lie.
import { describe, expect, test } from 'vitest'
import { check } from '../../chaos/checker.ts'
import type { Records, Request } from '../../chaos/records.ts'

test('the checker is content with an honest run', () => {
  expect(check(honest()).violations).toEqual([])
})

describe('the checker finds', () => {
  test.each<[string, string, (run: Records) => void]>([
    ['a committed change that is gone', 'G1', run => run.writes.push(write('fact-9'))],
    [
      'a rolled-back change that is there',
      'G1',
      run => Object.assign(run.writes[0]!, { outcome: 'rolled back' }),
    ],
    ['a change without an event', 'G1', run => run.books.facts.push('fact-9')],
    ['a change with two events', 'G1', run => run.books.events.push({ ...run.books.events[0]! })],
    ['a webhook of what was rolled back', 'G1', run => run.requests.push(request('good', 'fact-9', 8))],
    [
      'an event of what was rolled back',
      'G1',
      run => {
        forget(run.books.facts, 'fact-1')
        run.requests = run.requests.filter(r => r.token !== 'fact-1')
      },
    ],
    ['a lost event: no delivery was made', 'G2', run => void run.books.deliveries.shift()],
    ['a lost event: nobody got it', 'G2', run => Object.assign(run.requests[0]!, { answer: 500 })],
    [
      'a delivery that is still pending',
      'G2',
      run => Object.assign(run.books.deliveries[0]!, { state: 'pending' }),
    ],
    [
      'a delivery that is still sending',
      'G2',
      run => Object.assign(run.books.deliveries[0]!, { state: 'sending' }),
    ],
    ['an event that waits for its fan-out', 'G2', run => Object.assign(run.books, { waiting: 1 })],
    ['an event that comes late in a hush', 'G2', run => Object.assign(run.writes[0]!, { at: -60_000 })],
    ['an event that never comes in a hush', 'G2', run => void run.requests.shift()],
    ['two ids for one event', 'G3', run => Object.assign(run.requests[0]!, { webhookId: 'evt_other' })],
    ['a success sent again', 'G4', run => repeat(run, run.requests[0]!)],
    ['two bodies under one id', 'G6', run => Object.assign(run.requests[0]!, { body: 'other' })],
    ['a forged signature', 'G6', run => run.requests[0]!.faults.push('signature')],
    [
      'a time that is not that of the request',
      'G6',
      run => Object.assign(run.requests[0]!, { signedAt: 3_600_000 }),
    ],
    ['a version that overtakes', 'G7', run => Object.assign(find(run, 'ordered', 'fact-2'), { cameAs: 0 })],
    [
      'a version whose predecessor failed',
      'G7',
      run => Object.assign(find(run, 'ordered', 'fact-1'), { answer: 500 }),
    ],
    ['a request that is not in the books', 'G13', run => void run.books.attempts.shift()],
    ['a success that no receiver gave', 'G13', run => Object.assign(run.requests[0]!, { answer: 'reset' })],
    ['two requests under one number', 'G13', run => void run.requests.push({ ...run.requests[0]! })],
    [
      'a status that no receiver gave',
      'G13',
      run => Object.assign(run.books.attempts[0]!, { error: 'bad_status', status: 500 }),
    ],
  ])('%s (%s)', (_, invariant, doctor) => {
    const run = honest()
    doctor(run)
    expect(check(run).violations.map(violation => violation.invariant)).toContain(invariant)
  })
})

describe('a repetition is excused', () => {
  test('by a fault that caught the success before it was in the books or was read, and by none earlier or later', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    const caught = { from: first!.answered + 500, until: first!.answered + 500 }
    run.faults.push({ kind: 'kill replica', target: 'replica 1', ...caught, dangers: [caught] })
    expect(check(run)).toMatchObject({ violations: [], figures: { 'extra, through faults': 1 } })
    for (const at of [first!.answered + 5_000, first!.came - 5_000]) {
      run.faults[0]!.dangers = [{ from: at, until: at }]
      expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
    }
    run.faults[0]!.dangers = [{ from: first!.came - 500, until: first!.came - 500 }]
    expect(check(run).violations).toEqual([])
  })

  test('by a fault of the replica that sent it, and not by one of another', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    run.senders.set(`${first!.endpoint} ${first!.webhookId} 1`, 'replica 1')
    const caught = { from: first!.came, until: first!.answered, replica: 'replica 1' }
    run.faults.push({ kind: 'kill replica', target: 'replica 1', from: 0, until: 0, dangers: [caught] })
    expect(check(run).violations).toEqual([])
    caught.replica = 'replica 2'
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
  })

  test('by a replay of its endpoint', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!)
    const replay = { endpoint: 'good', asked: first!.answered + 1, finished: first!.answered + 10_000 }
    run.replays.push(replay)
    expect(check(run)).toMatchObject({ violations: [], figures: { 'extra, asked for': 1 } })
    replay.endpoint = 'ordered'
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G4'])
  })

  test('when it has the lower number: a frozen sender sends late what it had claimed', () => {
    const run = honest()
    const [first] = run.requests
    repeat(run, first!, 0)
    first!.attempt = 2
    run.books.attempts.find(attempt => attempt.endpoint === 'good')!.number = 2
    run.requests.at(-1)!.attempt = 1
    Object.assign(run.books.attempts.at(-1)!, { number: 1 })
    run.requests.at(-1)!.answer = 'unheard'
    run.books.attempts.at(-1)!.error = 'interrupted'
    expect(check(run).violations).toEqual([])
  })
})

describe('a wrong time is excused', () => {
  const hourMs = 3_600_000

  test('by the wrong clock of the replica that sent it, and by no other', () => {
    const run = honest()
    const [first] = run.requests
    first!.signedAt += hourMs
    run.senders.set(`${first!.endpoint} ${first!.webhookId} 1`, 'replica 1')
    const skew = { replica: 'replica 1', from: 0, until: 2_000, ms: hourMs }
    run.faults.push({ kind: 'skew clock', target: 'replica 1', from: 0, until: 2_000, dangers: [], skew })
    expect(check(run).violations).toEqual([])
    skew.replica = 'replica 2'
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G6'])
    Object.assign(skew, { replica: 'replica 1', ms: -hourMs })
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G6'])
  })

  test('by the freeze of its sender between signing and sending, for as long as that took', () => {
    const run = honest()
    const [first] = run.requests
    first!.signedAt -= 20_000
    const freeze = {
      kind: 'freeze past lease',
      target: 'replica 1',
      from: -18_900,
      until: 1_000,
      dangers: [],
    }
    run.faults.push(freeze)
    expect(check(run).violations).toEqual([])
    freeze.from = 0
    expect(check(run).violations.map(violation => violation.invariant)).toEqual(['G6'])
  })
})

/** Two versions of one key, for an endpoint without order and one with. */
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
    books: {
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

const request = (endpoint: string, token: string, i: number): Request => ({
  endpoint,
  webhookId: `evt_${token}`,
  attempt: 1,
  token,
  key: 'k1',
  version: i + 1,
  body: `body of ${token}`,
  faults: [],
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

/** The same once more, a while later, and in the books. */
function repeat(run: Records, first: Request, laterMs = 5_000): void {
  const moment = {
    signedAt: first.signedAt + laterMs,
    came: first.came + laterMs,
    answered: first.answered + laterMs,
    cameAs: 98,
    answeredAs: 99,
  }
  run.requests.push({ ...first, ...moment, attempt: 2 })
  run.books.attempts.push(attempt(first.endpoint, first.webhookId, 2))
}

const find = ({ requests }: Records, endpoint: string, token: string) =>
  requests.find(r => r.endpoint === endpoint && r.token === token)!

function forget(list: string[], entry: string): void {
  list.splice(list.indexOf(entry), 1)
}
