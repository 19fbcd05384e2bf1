// Walks the road of one event in the order the README tells it: first the files, then one real event.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { startApi } from './functions/api.ts'
import { fillShop } from './functions/shop/shop.ts'
import { eventually } from './support/eventually.ts'
import { startTestListener } from './support/outbox.ts'
import { startReceiver } from './support/receiver.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** `3. [`worker/claim/fan-out-loop.ts`](worker/claim/fan-out-loop.ts) …`, the numbered list under "The road of one event". */
function stops(): { number: number; file: string }[] {
  const section = read('README.md').split('## The road of one event')[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^(\d+)\. \[`([^`]+)`\]/gm)].map(([, number, file]) => ({
    number: Number(number),
    file: file!,
  }))
}

test('the README lists ten stops, and each file says on its first line which it is', () => {
  expect(stops().map(stop => stop.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  for (const { number, file } of stops()) {
    expect(read(file).split('\n')[0], file).toMatch(new RegExp(`Stop ${number}\\b`))
  }
})

test('one event goes the whole road: from a PATCH to a verified webhook, the books and the API', async () => {
  const api = await startApi()
  await fillShop(api.db)
  const receiver = await startReceiver()
  await api.db.query(`insert into orders (id, client_id) values (17, 1)`)
  await api.db.query(`insert into order_items (order_id, item_id) values (17, 1), (17, 2)`)
  const endpoint = await api.post('/v1/endpoints', { url: `${receiver.url}/hook`, event_types: ['order.*'] })
  expect(endpoint.status).toBe(201)
  const listener = await startTestListener(api.database.url)

  // 1 and 2: the update, and the event in the same transaction
  const order = await api.patch('/orders/update', { id: 17, status: 'shipped' })
  expect(order).toMatchObject({ status: 200, body: { id: 17, status: 'shipped' } })

  // 3 to 8: woken, claimed, signed, sent
  const [request] = await receiver.waitFor(1)
  new Webhook(endpoint.body.secret).verify(request!.body, request!.headers as Record<string, string>)
  expect(JSON.parse(request!.body.toString())).toMatchObject({
    type: 'order.shipped',
    data: { order_id: 17, client_id: 1, status: 'shipped', previous_status: 'created', item_ids: [1, 2] },
  })

  // 9 and 10: classified, settled, in the books
  const id = String(request!.headers['webhook-id'])
  const event = await eventually(async () => {
    const answer = await api.get(`/v1/events/${id}`)
    return answer.body.deliveries[0]?.state === 'delivered' && answer.body
  })
  expect(event).toMatchObject({ id, type: 'order.shipped', key: 'orders/17', tenant: '1' })
  const delivery = await api.get(`/v1/deliveries/${event.deliveries[0].id}`)
  expect(delivery.body.attempts).toMatchObject([
    { number: 1, sender: 'listener', response_status: 200, error: null },
  ])
  expect(await listener.stop()).toBe(true)
  expect(receiver.requests).toHaveLength(1)
})
