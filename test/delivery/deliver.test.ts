// One attempt from the leased delivery to its settlement, on both runtimes: what leaves, and what is written down.
import { beforeAll, describe, expect, test } from 'vitest'
import { maxEventBytes } from '../../delivery/body.ts'
import type { FailureKind } from '../../delivery/failures.ts'
import type { Leased } from '../../delivery/types.ts'
import { endpoint, leased } from '../support/attempts.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'
import type { TextAnswer, TextEndpoint, TextPorts } from '../support/workers/calls.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const newSecret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'
const nowSeconds = 1_780_000_000
const now = nowSeconds * 1000 + 999
const httpDate = (seconds: number) => new Date(seconds * 1000).toUTCString()

const answered = (status: number, differs: { retryAfter?: string; date?: string } = {}): TextAnswer => ({
  status,
  retryAfter: null,
  date: null,
  body: 'thanks',
  ...differs,
})

describe.each(runtimes)('delivering in $runtime', ({ start }) => {
  let calls: Calls
  beforeAll(async () => {
    calls = await start()
  })

  async function deliver({
    delivery = leased(),
    endpoint: differs = {},
    answer = answered(200),
    ports = {},
  }: {
    delivery?: Leased
    endpoint?: Partial<TextEndpoint>
    answer?: TextAnswer
    ports?: Partial<TextPorts>
  } = {}) {
    const { signers, ...plain } = endpoint()
    const to = { ...plain, secrets: [secret], ...differs }
    return calls.deliver(delivery, to, answer, { now, clock: [5_000, 5_012.4], random: 0.5, ...ports })
  }

  describe('what leaves', () => {
    test('is one POST to the endpoint, with the event as its body', async () => {
      const { requests } = await deliver()
      expect(requests).toHaveLength(1)
      expect(requests[0]).toMatchObject({
        url: 'https://receiver.example/hooks',
        body: '{"type":"order.shipped","timestamp":"2026-11-06T12:00:00Z","data":{"id": 1}}',
      })
    })

    test('carries exactly these headers', async () => {
      const { requests } = await deliver({ endpoint: { headers: { authorization: 'Bearer x' } } })
      expect(requests[0]!.headers).toEqual({
        accept: '*/*',
        authorization: 'Bearer x',
        'content-type': 'application/json',
        'user-agent': 'Outbox/test',
        'outbox-delivery': 'dlv_1',
        'outbox-attempt': '1',
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(nowSeconds),
        'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      })
    })

    test.each(['accept', 'Accept', 'ACCEPT'])('an endpoint’s own %s replaces ours', async name => {
      const { requests } = await deliver({ endpoint: { headers: { [name]: 'application/json' } } })
      const accepts = Object.entries(requests[0]!.headers).filter(([name]) => name.toLowerCase() === 'accept')
      expect(accepts).toEqual([[name, 'application/json']])
    })

    test('carries the writer’s actor and trace, and leaves out an invalid trace', async () => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const { requests } = await deliver({ delivery: leased({ actor: 'Zoë', traceparent }) })
      expect(requests[0]!.headers).toMatchObject({ 'outbox-actor': 'Zo%C3%AB', traceparent })
      const invalid = await deliver({ delivery: leased({ traceparent: 'x\r\ny' }) })
      expect(invalid.requests[0]!.headers).not.toHaveProperty('traceparent')
    })

    test('cannot be changed by an endpoint’s own headers where it is ours', async () => {
      const forged = { 'webhook-id': 'evt_2', 'outbox-attempt': '9', 'content-type': 'text/plain' }
      const { requests } = await deliver({ endpoint: { headers: forged } })
      expect(requests[0]!.headers).toMatchObject({
        'webhook-id': 'evt_1',
        'outbox-attempt': '1',
        'content-type': 'application/json',
      })
    })

    test('verifies with every key that signs', async () => {
      const { requests } = await deliver({ endpoint: { secrets: [newSecret, secret] } })
      const { headers, body } = requests[0]!
      for (const key of [newSecret, secret]) {
        expect(await calls.verify(headers, body, [key], nowSeconds)).toMatchObject({ ok: true })
      }
    })

    test('has the same body and id on every attempt, but the attempt’s own number, time and signature', async () => {
      const [first] = (await deliver()).requests
      const second = leased({ attempt: 2, attemptsUsed: 1 })
      const [again] = (await deliver({ delivery: second, ports: { now: now + 5_000 } })).requests
      expect(again!.body).toBe(first!.body)
      expect(again!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
      expect(again!.headers['outbox-attempt']).toBe('2')
      expect(again!.headers['webhook-timestamp']).toBe(String(nowSeconds + 5))
      expect(again!.headers['webhook-signature']).not.toBe(first!.headers['webhook-signature'])
    })
  })

  describe('nothing leaves', () => {
    test.each(['secret_unavailable', 'invalid_endpoint'] as const)(
      'while the endpoint has the fault %s',
      async fault => {
        const { requests, settlement } = await deliver({ endpoint: { fault } })
        expect(requests).toEqual([])
        expect(settlement).toMatchObject({ state: 'pending', error: fault, status: null, retryInSeconds: 10 })
      },
    )

    test('when the body is a byte too large, and there is no other attempt', async () => {
      const envelope = (await deliver({ delivery: leased({ data: '""' }) })).requests[0]!.body.length
      const data = (bytes: number) => JSON.stringify('x'.repeat(bytes - envelope))
      const largest = await deliver({ delivery: leased({ data: data(maxEventBytes) }) })
      expect(largest.requests[0]!.body).toHaveLength(maxEventBytes)
      expect(largest.settlement).toMatchObject({ state: 'delivered' })
      const tooLarge = await deliver({ delivery: leased({ data: data(maxEventBytes + 1) }) })
      expect(tooLarge.requests).toEqual([])
      expect(tooLarge.settlement).toMatchObject({ state: 'dead', error: 'body_too_large', status: null })
    })
  })

  describe('what is written down', () => {
    test('of a success: status, body, and how long it took', async () => {
      expect((await deliver()).settlement).toEqual({
        eventId: '1',
        endpointId: '2',
        lease: 'a:1',
        group: null,
        attempt: 1,
        occurredAt: 1_793_966_400_000_000,
        state: 'delivered',
        retryInSeconds: null,
        pauseEndpointSeconds: null,
        endpointGone: false,
        countsAsAttempt: true,
        error: null,
        status: 200,
        body: 'thanks',
        durationMs: 12,
        startedAt: 5_000,
      })
    })

    const cases: [string, TextAnswer, object][] = [
      ['a bad status', answered(500), { state: 'pending', error: 'bad_status', status: 500 }],
      ['a redirect', answered(302), { state: 'pending', error: 'redirect', status: 302 }],
      ['410', answered(410), { state: 'dead', error: 'gone', status: 410, endpointGone: true }],
      [
        'a Retry-After in seconds',
        answered(429, { retryAfter: '60' }),
        { state: 'pending', error: 'throttled', retryInSeconds: 60, pauseEndpointSeconds: 60 },
      ],
      [
        'a Retry-After by the receiver’s clock, which is an hour slow',
        answered(503, { retryAfter: httpDate(nowSeconds - 3_540), date: httpDate(nowSeconds - 3_600) }),
        { error: 'throttled', retryInSeconds: 60 },
      ],
      [
        'a Retry-After without the receiver’s clock',
        answered(503, { retryAfter: httpDate(nowSeconds + 60) }),
        { error: 'throttled', retryInSeconds: 59.001 },
      ],
      [
        'a refused connection',
        { error: 'connection' },
        { state: 'pending', error: 'connection', status: null },
      ],
      [
        'a sender without sockets',
        { error: 'exhausted' },
        { state: 'pending', error: 'exhausted', retryInSeconds: 5, countsAsAttempt: false },
      ],
    ]
    test.each(cases)('of %s', async (_, answer, expected) => {
      expect((await deliver({ answer })).settlement).toMatchObject(expected)
    })

    test('never has a negative duration, even if the clock does not move on', async () => {
      const { settlement } = await deliver({ ports: { clock: [5_000, 4_999] } })
      expect(settlement!.durationMs).toBe(0)
    })

    test('is nothing when something unexpected happens: the lease then runs out', async () => {
      const result = await deliver({ answer: { bug: 'not a SendError' } })
      expect(result).toMatchObject({ thrown: 'not a SendError' })
      expect(result.settlement).toBeUndefined()
    })
  })

  test.each(['timeout', 'dns', 'tls', 'blocked_address', 'bad_response'] satisfies FailureKind[])(
    'the kind that the transport throws reaches the settlement: %s',
    async error => {
      const { settlement } = await deliver({ answer: { error } })
      expect(settlement).toMatchObject({ error, status: null, body: null, state: 'pending' })
    },
  )
})
