// A receiver of the example shop after an outage: the numbers prove what it lacks, and it fetches that and nothing else.
import { beforeAll, expect, test } from 'vitest'
import { notifyClient } from '../../../drizzle/shop/queries.gen.ts'
import { complete, type Outbox, type Receipts } from '../../../functions/shop/receivers/complete.ts'
import { runOn } from '../../../worker/database.ts'
import { eventually } from '../../support/eventually.ts'
import { deliveryStates, startTestListener } from '../../support/outbox.ts'
import { type Received, startReceiver } from '../../support/receiver.ts'
import { testSettings } from '../../support/settings.ts'
import { type Api, startApi } from '../api.ts'
import { fillShop } from './shop.ts'

let api: Api
/** What stands before the receiver: it may refuse, or say 200 for a receiver that is not there. */
let front: 'passes on' | 'refuses' | 'swallows' = 'passes on'
let outbox: Outbox
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,receiver:read:r' })
  await fillShop(api.db)
  const balancer = await startReceiver(received => answers[front](received))
  const { body } = await api.post('/v1/endpoints', {
    url: balancer.url,
    event_types: ['order.created'],
    secret: testSettings.NOTIFICATIONS_SECRET,
    retry_schedule: [],
    sequence: true,
  })
  outbox = { url: api.worker.url, key: 'r', endpointId: body.id }
  await startTestListener(api.database.url)
})

const answers = {
  refuses: () => 500,
  swallows: () => 200,
  async 'passes on'({ headers, body }: Received) {
    const answer = await api.worker.fetch('/receivers/notifications', {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: body.toString(),
    })
    await answer.text()
    return answer.status
  },
}

const placeOrders = (count: number) =>
  api.db.query('insert into orders (client_id) select 1 from generate_series(1, $1)', [count])

/** The receiver's own database. */
const receipts = (): Receipts & { taken: number } => ({
  taken: 0,
  async lacking(ids) {
    const { rows } = await api.db.query(
      `select id from unnest($1::text[]) as id where not exists
       (select from webhook_receipts r where r.receiver = 'notifications' and r.webhook_id = id)`,
      [ids],
    )
    return rows.map(({ id }) => id)
  },
  async take({ id, data }) {
    this.taken++
    const { order_id } = data as { order_id: number }
    await notifyClient(runOn(api.db), { webhookId: id, orderId: BigInt(order_id), news: 'it was placed.' })
  },
})

const notified = async () =>
  (
    await api.db.query(
      `select o.id from orders o
       where (select count(*) from notifications n where n.order_id = o.id) = 1`,
    )
  ).rows.length

test('after an outage it has all 300, each once, and can prove it: also those that were lost behind a 200', async () => {
  await placeOrders(50)
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 50 }))
  expect(await complete(outbox, 0, receipts())).toEqual({ to: 50, fetched: 0, waiting: 0 })

  front = 'refuses'
  await placeOrders(5)
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 50, dead: 5 }))
  front = 'swallows'
  await placeOrders(245)
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 295, dead: 5 }))
  expect(await notified()).toBe(50)
  front = 'passes on'

  const after = receipts()
  expect(await complete(outbox, 50, after)).toEqual({ to: 300, fetched: 250, waiting: 0 })
  expect([after.taken, await notified()]).toEqual([250, 300])

  // What is sent again besides is a repeat.
  const preview = { filter: { state: 'dead' }, dry_run: true }
  const { token } = (await api.post('/v1/deliveries/redeliver', preview)).body
  await api.post('/v1/deliveries/redeliver', { token })
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 300 }))
  expect(await notified()).toBe(300)
  expect(await complete(outbox, 300, receipts())).toEqual({ to: 300, fetched: 0, waiting: 0 })
})

test('what was never sent, because the breaker is open, it takes at once, too', async () => {
  const placed = 40
  const before = await notified()
  front = 'refuses'
  await placeOrders(12)
  await eventually(async () => expect(await deliveryStates(api.db)).toMatchObject({ dead: 12 }))
  await placeOrders(placed - 12)
  await eventually(async () => expect(await deliveryStates(api.db)).toMatchObject({ pending: placed - 12 }))
  await api.db.query(`update outbox.endpoint_health set probe_at = now() + interval '15 minutes'`)
  front = 'passes on'

  const after = await complete(outbox, 300, receipts())
  expect(after).toEqual({ to: 312, fetched: placed, waiting: placed - 12 })
  expect(await notified()).toBe(before + placed)

  // When the outbox tries again, it all comes as repeats, and has numbers.
  await api.db.query('update outbox.endpoint_health set probe_at = now()')
  await eventually(async () =>
    expect(await deliveryStates(api.db)).toEqual({ delivered: 300 + placed - 12, dead: 12 }),
  )
  expect(await complete(outbox, after.to, receipts())).toEqual({
    to: 300 + placed,
    fetched: 0,
    waiting: 0,
  })
  expect(await notified()).toBe(before + placed)
})

test('a number that is past the retention time cannot be proved, and it says so', async () => {
  await api.db.query('delete from outbox.delivery_numbers where number = 7')
  await expect(complete(outbox, 0, receipts())).rejects.toThrow('number 7 is past the retention time')
  expect(await complete(outbox, 7, receipts())).toMatchObject({ fetched: 0, waiting: 0 })
})
