// The kit for users' own tests: its receiver with real webhooks from a real listener, its sender against a receiver.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSender, startReceiver, type TestReceiver } from '../../exports/testing.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'

interface Shipped {
  type: 'order.shipped'
  timestamp: string
  data: { order: { id: number }; items: number[] }
}
interface Canceled {
  type: 'order.canceled'
  timestamp: string
  data: { order: { id: number }; reason: string }
}

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const shipped = (id: number) => ({ type: 'order.shipped', data: { order: { id }, items: [1, 2] } })

let receiver: TestReceiver<Shipped | Canceled>
beforeEach(async () => {
  receiver = await startReceiver({ secret })
})
afterEach(() => receiver.stop())
const sender = () => createSender({ url: receiver.url, secret })

describe('the receiver, with webhooks from a listener', () => {
  let database: TestDatabase
  let client: Awaited<ReturnType<TestDatabase['connect']>>
  beforeEach(async () => {
    database = await freshDatabase()
    client = await database.connect()
  })

  test('verifies with the secret that it is told after its address was registered, and finds a webhook by type and data', async () => {
    const own = await startReceiver()
    const endpoint = await addEndpoint(client, { url: own.url })
    own.verifyWith(endpoint.secret)
    const waiting = own.waitForWebhook('test.happened', { n: 2 })
    await startTestListener(database.url)
    const ids = await emit(client, 3)
    const found = await waiting
    expect(found).toMatchObject({ webhookId: ids[1], nth: 1, event: { data: { n: 2 } } })
    expect(found.headers['outbox-attempt']).toBe('1')
    await own.stop()
  })

  test.each([
    ['a status', { status: 503 }, 'bad_status'],
    ['a connection that is cut', 'reset', 'connection'],
    ['no answer at all', 'hang', 'timeout'],
  ] as const)('fails once with %s, and takes the webhook when it comes again', async (_, answer, error) => {
    const own = await startReceiver()
    const endpoint = await addEndpoint(client, { url: own.url, retry_schedule: [1], timeout_seconds: 1 })
    own.verifyWith(endpoint.secret)
    own.answerNext(answer)
    await startTestListener(database.url)
    await emit(client)
    const { nth, headers } = await own.waitForWebhook('test.happened', undefined, { timeoutMs: 20_000 })
    expect([nth, headers['outbox-attempt']]).toEqual([2, '2'])
    expect(own.requests.map(({ answered }) => answered)).toEqual([answer, { status: 204 }])
    const { rows } = await client.query('select error from outbox.attempts order by number')
    expect(rows[0].error).toBe(error)
    await own.stop()
  })
})

test('waiting finds what has come before, by a function too', async () => {
  for (const id of [1, 2]) await sender().send(shipped(id))
  const { event } = await receiver.waitForWebhook('order.shipped', data => data.order.id === 2)
  expect(event.data.items).toEqual([1, 2])
  receiver.forget()
  await expect(receiver.waitForWebhook('order.shipped', {}, { timeoutMs: 10 })).rejects.toThrow(
    'Nothing came at all',
  )
})

test('waiting in vain ends with what came instead', async () => {
  receiver.answerNext({ status: 500 })
  await sender().send(shipped(7))
  for (const _ of [1, 2])
    await sender().send(shipped(1), { secrets: ['whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'] })
  const waiting = receiver.waitForWebhook('order.shipped', { order: { id: 7 } }, { timeoutMs: 50 })
  await expect(waiting).rejects.toThrow(
    'no webhook order.shipped with {"order":{"id":7}} came within 50 ms. What came: ' +
      'order.shipped {"order":{"id":7},"items":[1,2]}, answered with status 500; ' +
      "a request that was refused: No signature was made with this secret: is it this endpoint's, and the newest? (2 times)",
  )
})

test('until it knows a secret it answers 503, so that the webhook comes again', async () => {
  const own = await startReceiver()
  const response = await createSender({ url: own.url, secret }).send(shipped(1))
  expect([response.status, own.webhooks, own.requests[0]!.problem]).toEqual([
    503,
    [],
    'verifyWith() had not been called',
  ])
  await own.stop()
})

describe('the sender', () => {
  test('sends what verifies, and repeats under the same id', async () => {
    expect((await sender().send(shipped(1))).status).toBe(204)
    expect((await sender().duplicate(shipped(2), 3)).map(({ status }) => status)).toEqual([204, 204, 204])
    const ids = receiver.webhooks.map(({ webhookId }) => webhookId)
    expect([new Set(ids).size, receiver.webhooks.at(-1)!.nth]).toEqual([2, 3])
  })

  test('sends the last event first, with the times at which they happened', async () => {
    await sender().reorder([shipped(1), shipped(2), shipped(3)])
    expect(receiver.webhooks.map(({ event }) => event.data.order.id)).toEqual([3, 2, 1])
    const times = receiver.webhooks.map(({ event }) => event.timestamp)
    expect(times).toEqual([...times].sort().reverse())
  })

  test('sends late events that are fresh requests', async () => {
    await sender().late(shipped(1), 3_600)
    const [{ event, headers }] = receiver.webhooks as [(typeof receiver.webhooks)[0]]
    expect(Date.now() - Date.parse(event.timestamp)).toBeGreaterThanOrEqual(3_600_000)
    expect(headers['outbox-attempt']).toBe('8')
  })

  test.each([
    ['without a signature', { secrets: [] }, /has the headers/],
    ['an hour ago', { secondsAgo: 3_600 }, / s old,/],
    ['from the future', { secondsAgo: -3_600 }, / s ahead,/],
    [
      'with bytes that were changed',
      { alterBody: (text: string) => text.replace('1', '2') },
      /^No signature/,
    ],
  ])('sends a request %s, which is refused', async (_, options, problem) => {
    expect((await sender().send(shipped(1), options)).status).toBe(401)
    expect(receiver.requests[0]!.problem).toMatch(problem)
  })

  test('says of a secret that it cannot sign with that it is none', async () => {
    const sending = createSender({ url: receiver.url, secret: 'CANARY' }).send(shipped(1))
    await expect(sending).rejects.toThrow(/^expected a secret that begins with whsec_/)
  })
})

test('a hanging request does not keep the receiver from stopping', async () => {
  receiver.answerNext('hang')
  const sending = sender()
    .send(shipped(1))
    .catch(() => 'cut')
  await eventually(() => receiver.requests.length === 1)
  await receiver.stop()
  expect(await sending).toBe('cut')
})
