// Edge sending when the platform loses something, in real workerd with queues: a message, the dispatcher's alarm, a consumer. The
// dispatcher remembers what it has given out, as on Cloudflare.
import { expect, test } from 'vitest'
import { startEdgeApi, startEdgeWorker } from '../../support/edge.ts'
import { eventually } from '../../support/eventually.ts'
import { keepDispatcher } from '../../support/kept-dispatcher.ts'
import { addEndpoint, deliveryStates, emit, endLeases } from '../../support/outbox.ts'
import { type Respond, startReceiver } from '../../support/receiver.ts'
import type { Extras } from '../../support/workerd.ts'

const inTime = { timeoutMs: 60_000 }

async function scene(respond?: Respond, more: Extras = {}) {
  const dispatcher = keepDispatcher()
  const api = await startEdgeApi({}, { ...dispatcher.extras, ...more })
  const receiver = await startReceiver(respond)
  await addEndpoint(api.db, { url: receiver.url, max_in_flight: 6 })
  await emit(api.db, 10)
  await api.post('/v1/ring', undefined)
  const startAgain = () => startEdgeWorker(api.database.env, dispatcher.extras)
  const delivered = () =>
    eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 10 }), inTime)
  return { dispatcher, api, receiver, startAgain, delivered }
}

/** A token got into a queue, and nobody ever gets it. */
async function loseMessage() {
  const all = await scene(undefined, { queueConsumers: {} })
  await eventually(() => all.dispatcher.countTokens() === 1)
  await all.api.worker.close()
  return all
}

test('a lost message: a minute later another one goes out without a ring, and everything is sent once', async () => {
  const { dispatcher, receiver, startAgain, delivered } = await loseMessage()
  dispatcher.passTime(60)
  await startAgain()
  await delivered()
  expect(receiver.requests).toHaveLength(10)
})

test('a lost alarm: the next run of the cron function rings, and everything is sent once', async () => {
  const { dispatcher, receiver, startAgain, delivered } = await loseMessage()
  dispatcher.passTime(120)
  dispatcher.loseAlarm()
  const worker = await startAgain()
  expect(await worker.scheduled()).toBe('ok')
  await delivered()
  expect(receiver.requests).toHaveLength(10)
})

test('a killed consumer: its tokens are over when its requests must be, and each request is an attempt', async () => {
  const killed = Promise.withResolvers<number>()
  const { dispatcher, api, receiver, startAgain, delivered } = await scene(({ nth }) =>
    nth === 1 && receiver.requests.length <= 6 ? killed.promise : 200,
  )
  await receiver.waitFor(6)
  await api.worker.close()
  killed.resolve(200)
  expect(dispatcher.countTokens()).toBe(1)
  dispatcher.passTime(90)
  await endLeases(api.db)
  const worker = await startAgain()
  expect(await worker.scheduled()).toBe('ok')
  await delivered()
  const { rows } = await api.db.query(
    `select number, error, count(*)::int as n from outbox.attempts group by 1, 2 order by 1, 2`,
  )
  expect(rows).toEqual([
    { number: 1, error: 'interrupted', n: 6 },
    { number: 1, error: null, n: 4 },
    { number: 2, error: null, n: 6 },
  ])
  expect(receiver.requests).toHaveLength(16)
})
