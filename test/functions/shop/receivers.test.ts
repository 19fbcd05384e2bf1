// The demo receivers, with webhooks that the library of Standard Webhooks signs.
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testSettings } from '../../support/settings.ts'
import { type Api, startApi } from '../api.ts'
import { fillShop } from './shop.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
})

let orderId: string
let webhookId: string
beforeEach(async () => {
  webhookId = `evt_${randomBytes(12).toString('hex')}`
  const { rows } = await api.db.query('insert into orders (client_id) values (1) returning id')
  orderId = rows[0].id
  // One of these belongs to another client: it must not be billed to Ada.
  await api.db.query('insert into order_items (order_id, item_id) values ($1, 1), ($1, 2), ($1, 3)', [
    orderId,
  ])
})

interface Sent {
  type?: string
  data?: string
  secret?: string
  ageSeconds?: number
  tamper?: (body: string) => string
}

function send(receiver: 'billing' | 'notifications', sent: Sent = {}) {
  const secret =
    sent.secret ?? testSettings[receiver === 'billing' ? 'BILLING_SECRET' : 'NOTIFICATIONS_SECRET']
  const { type = 'order.shipped', data = `{"order_id": ${orderId}}`, tamper = (text: string) => text } = sent
  const body = `{"type":"${type}","timestamp":"2026-10-01T00:00:00Z","data":${data}}`
  const at = new Date(Date.now() - (sent.ageSeconds ?? 0) * 1000)
  const headers = {
    'webhook-id': webhookId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(webhookId, at, body),
    authorization: '',
  }
  return api.post(`/receivers/${receiver}`, tamper(body), { headers })
}

const charges = async () =>
  (
    await api.db.query('select client_id, amount_cents, webhook_id from charges where order_id = $1', [
      orderId,
    ])
  ).rows
const notes = async () =>
  (await api.db.query('select client_id, message from notifications where order_id = $1', [orderId])).rows

describe('billing', () => {
  test("charges the fulfilment fee and the fees of the client's own items", async () => {
    expect(await send('billing')).toMatchObject({ status: 200, body: { received: true } })
    expect(await charges()).toEqual([{ client_id: '1', amount_cents: '1250', webhook_id: webhookId }])
  })

  test('charges only the fulfilment fee when no item costs extra', async () => {
    await api.db.query('delete from order_items where order_id = $1 and item_id = 1', [orderId])
    await send('billing')
    expect(await charges()).toMatchObject([{ amount_cents: '1000' }])
  })

  test('drops a repeat', async () => {
    await send('billing')
    expect((await send('billing')).body).toEqual({ received: true })
    expect(await charges()).toHaveLength(1)
  })

  test('drops 20 repeats at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('billing')))
    expect(answers.map(answer => answer.status)).toEqual(Array(20).fill(200))
    expect(await charges()).toHaveLength(1)
  })

  test('charges an order that ships twice only once', async () => {
    await send('billing')
    webhookId = 'evt_another'
    expect((await send('billing')).status).toBe(200)
    expect(await charges()).toHaveLength(1)
  })

  test.each(['order.created', 'order.canceled', 'invoice.paid'])(
    'accepts %s and charges nothing',
    async type => {
      expect((await send('billing', { type })).status).toBe(200)
      expect(await charges()).toEqual([])
    },
  )

  test('charges nothing for an order that does not exist', async () => {
    expect((await send('billing', { data: '{"order_id":424242}' })).status).toBe(200)
    expect(await charges()).toEqual([])
  })

  test('bills an order whose id exceeds a double', async () => {
    orderId = '9007199254740993'
    await api.db.query('insert into orders (id, client_id) values ($1, 2)', [orderId])
    await send('billing')
    expect(await charges()).toMatchObject([{ client_id: '2', amount_cents: '500' }])
  })
})

describe('notifications', () => {
  test.each([
    ['order.created', 'has been placed'],
    ['order.shipped', 'has shipped'],
    ['order.backorder', 'is on back order: we will send it as soon as we can'],
    ['order.canceled', 'has been canceled'],
  ])('tells the client about %s', async (type, news) => {
    expect(await send('notifications', { type })).toMatchObject({ status: 200, body: { received: true } })
    expect(await notes()).toEqual([{ client_id: '1', message: `Hi Ada, your order ${orderId} ${news}.` }])
  })

  test('writes one message, no matter how often the webhook arrives', async () => {
    await Promise.all(Array.from({ length: 20 }, () => send('notifications')))
    expect(await notes()).toHaveLength(1)
  })

  test('and billing keep their receipts apart', async () => {
    await send('billing')
    await send('notifications')
    expect([await charges(), await notes()].map(rows => rows.length)).toEqual([1, 1])
  })

  test('ignores what is not about an order', async () => {
    expect((await send('notifications', { type: 'invoice.paid', data: '[1]' })).status).toBe(200)
    expect((await send('notifications', { type: 'order.eaten' })).status).toBe(200)
    expect(await notes()).toEqual([])
  })
})

describe.each(['billing', 'notifications'] as const)('%s refuses', receiver => {
  test.each([
    ['a body that was changed', { tamper: (body: string) => body.replace('shipped', 'Shipped') }],
    ['a space that was added', { tamper: (body: string) => `${body} ` }],
    ['a signature made with another secret', { secret: `whsec_${randomBytes(32).toString('base64')}` }],
    ['a webhook that is too old', { ageSeconds: 310 }],
    ['a webhook from the future', { ageSeconds: -310 }],
  ])('%s with 401', async (_, sent) => {
    expect(await send(receiver, sent)).toMatchObject({ status: 401, body: { title: 'Unauthorized' } })
    expect([...(await charges()), ...(await notes())]).toEqual([])
  })

  test('a request without a signature with 401', async () => {
    expect((await api.post(`/receivers/${receiver}`, { type: 'order.shipped' })).status).toBe(401)
  })

  test.each(['{}', '{"order_id":"17"}', '{"order_id":1.5}', 'null', '{"order_id":9223372036854775808}'])(
    'signed but malformed data with 400: %s',
    async data => {
      expect((await send(receiver, { data })).status).toBe(400)
    },
  )
})
