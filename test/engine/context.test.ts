// The actor and the trace of a request reach the receiver, through the row. So does any value that a row can hold.
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { fillShop } from '../functions/shop/shop.ts'
import { eventually } from '../support/eventually.ts'
import { startTestListener } from '../support/outbox.ts'
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts'

let api: Api
let receiver: Receiver
beforeAll(async () => {
  api = await startApi({ OUTBOX_ORDERS_PUBLIC: 'false' })
  await fillShop(api.db)
  receiver = await startReceiver()
  await api.post('/v1/endpoints', { url: `${receiver.url}/hook` })
  await startTestListener(api.database.url)
})

/** The webhook of a new order's change of status. */
async function receivedFor(status: string, headers: Record<string, string> = {}): Promise<Received> {
  const order = await api.post('/orders', { client_id: 1 })
  await api.patch(`/orders/${order.body.id}`, { status }, { headers })
  return arrived(({ type, data }) => type === `order.${status}` && data.order_id === order.body.id)
}

function arrived(
  matches: (event: { type: string; data: { order_id?: number } }) => boolean,
): Promise<Received> {
  return eventually(
    async () => receiver.requests.find(({ body }) => matches(JSON.parse(body.toString()))) ?? false,
  )
}

const trace = '0af7651916cd43dd8448eb211c80319c'

test.each([
  ['', {}],
  [', with an Idempotency-Key too', { 'idempotency-key': 'context-1' }],
])("the receiver gets a caller's trace, with a span of the outbox%s", async (_, more) => {
  const { headers } = await receivedFor('shipped', {
    traceparent: `00-${trace}-b7ad6b7169203331-01`,
    ...more,
  })
  expect(headers.traceparent).toMatch(new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
  expect(headers['outbox-actor']).toBe('dev')
})

test.each([
  ['no trace', {}],
  ['a broken trace', { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
])('the outbox begins a trace when the request has %s', async (_, sent: Record<string, string>) => {
  const { headers } = await receivedFor('canceled', sent)
  expect(headers.traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-00$/)
})

test('the actor set in SQL arrives encoded for a header, and an invalid trace does not arrive', async () => {
  await api.db.query(
    `begin; select set_config('outbox.actor', E'José\\r\\nx: 100%', true), set_config('outbox.traceparent', E'00\\r\\n', true);
     select outbox.emit('actor.test', '{}'); commit`,
  )
  const found = await arrived(({ type }) => type === 'actor.test')
  expect(found.headers['outbox-actor']).toBe('Jos%C3%A9%0D%0Ax: 100%25')
  expect(found.headers).not.toHaveProperty('traceparent')
})

test('a row of 1 MB, NaN, infinity and U+2028 arrive unchanged', async () => {
  await api.db.query(`create table odd (id int primary key, n numeric, at timestamptz, note text)`)
  await api.db.query(`select outbox.watch('odd')`)
  await api.db.query(`insert into odd values (1, 'NaN', 'infinity', repeat(E'\\u2028', 350000))`)
  await api.db.query(`update odd set note = repeat('x', 8192)`)
  const arrived = await eventually(async () => {
    const found = receiver.requests.filter(({ body }) => body.includes('public.odd'))
    return found.length === 2 && found
  })
  const [created, updated] = arrived
    .map(({ body }) => JSON.parse(body.toString()))
    .sort((a, b) => (a.type < b.type ? -1 : 1))
  expect(created.data.new).toEqual({ id: 1, n: 'NaN', at: 'infinity', note: '\u2028'.repeat(350_000) })
  expect(updated.data.new.note).toBe('x'.repeat(8192))
})
