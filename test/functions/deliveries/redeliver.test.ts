// POST /v1/deliveries/{id}/redeliver: from each state, and never two requests at once.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { giveRows, greedy, storeOn } from '../../support/outbox.ts'
import { failure, success } from '../../support/settlements.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
let endpoint: string
let store: ReturnType<typeof storeOn>
beforeAll(async () => {
  api = await startApi()
  store = storeOn(api.db)
  endpoint = (await api.post('/v1/endpoints', { url: 'https://example.com/hooks' })).body.id
})

const redeliver = (id: string) => api.call('POST', `/v1/deliveries/${id}/redeliver`)
const row = async () => (await api.db.query('select * from outbox.deliveries')).rows[0]

/** One event, claimed. */
let id: string
let claimed: Awaited<ReturnType<typeof store.claim>>['deliveries'][number]
beforeEach(async () => {
  await api.db.query(
    'truncate outbox.events, outbox.fanout, outbox.delivery_rows, outbox.delivery_groups, outbox.delivered_at_once, outbox.attempt_rows, outbox.rate_buckets',
  )
  await api.db.query(
    `update outbox.endpoints set state = 'active', disabled_reason = null where state <> 'active'`,
  )
  await api.post('/v1/events', { type: 'a', data: {} })
  const { deliveries } = await store.take(greedy('a:1'))
  claimed = deliveries[0]!
  id = claimed.publicId
})

describe.each([
  ['delivered', () => store.settleIfLeased([success(claimed)])],
  ['dead', () => store.settleIfLeased([failure(claimed, { state: 'dead', retryInSeconds: null })])],
  [
    'canceled',
    async () => {
      await giveRows(api.db)
      await api.db.query(
        `update outbox.delivery_rows set state = 'canceled', reason = 'x', lease = null, leased_until = null, finished_at = now()`,
      )
    },
  ],
])('from %s', (_, become) => {
  beforeEach(become)

  test('the delivery is pending, due now, with a new retry budget', async () => {
    expect(await redeliver(id)).toMatchObject({
      status: 202,
      body: { id, state: 'pending', attempt: 1, reason: null, finished_at: null },
    })
    expect(await row()).toMatchObject({ state: 'pending', retry_base: 1 })
    const again = await store.take(greedy('a:2'))
    expect(again.deliveries).toMatchObject([{ publicId: id, attempt: 2, attemptsUsed: 0 }])
  })

  test('an idle listener is notified', async () => {
    const listener = await api.database.connect()
    await listener.query('listen outbox')
    const told = new Promise(resolve => listener.once('notification', resolve))
    await redeliver(id)
    await told
  })

  test('the delivery stays as it is while its endpoint is disabled: 409', async () => {
    await api.call('POST', `/v1/endpoints/${endpoint}/disable`)
    const before = await row()
    expect((await redeliver(id)).status).toBe(409)
    expect(await row()).toEqual(before)
  })

  test('of 20 redeliveries at once one starts it again, and the others find it due already', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => redeliver(id)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
    expect((await store.take(greedy('a:2'))).deliveries).toHaveLength(1)
  })
})

test('a delivery that waits for its next attempt is due now, with its budget unchanged', async () => {
  await store.settleIfLeased([failure(claimed, { retryInSeconds: 3600 })])
  expect((await store.take(greedy('a:2'))).deliveries).toEqual([])
  expect(await redeliver(id)).toMatchObject({ status: 202, body: { state: 'pending' } })
  expect((await store.take(greedy('a:3'))).deliveries).toMatchObject([{ attempt: 2, attemptsUsed: 1 }])
})

test('a delivery that is being sent is left alone: 409', async () => {
  const before = await row()
  expect((await redeliver(id)).status).toBe(409)
  expect(await row()).toEqual(before)
})

test('an unknown delivery is 404', async () => {
  for (const unknown of ['dlv_1', 'x', `dlv_${'0'.repeat(15)}9${'0'.repeat(15)}9`]) {
    expect((await redeliver(unknown)).status, unknown).toBe(404)
  }
})
