// Events and deliveries, read over HTTP.
import { beforeAll, describe, expect, test } from 'vitest'
import { formatDeliveryId } from '../../../delivery/ids.ts'
import { greedy, storeOn } from '../../support/outbox.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
let endpointIds: string[]
beforeAll(async () => {
  api = await startApi()
  endpointIds = []
  for (const path of ['a', 'b']) {
    endpointIds.push((await api.post('/v1/endpoints', { url: `https://example.com/${path}` })).body.id)
  }
})

const emit = async (type: string, data = '{}', key: string | null = null, tenant: string | null = null) =>
  (await api.db.query('select outbox.emit($1, $2, $3, $4) as id', [type, data, key, tenant])).rows[0]
    .id as string
const rowId = (publicId: string) => BigInt(`0x${publicId.slice(-24, -8)}`)

/** Both endpoints have had it: one got it at the second attempt, the other gave up. */
async function deliver(eventId: string) {
  const event = rowId(eventId)
  const [a, b] = endpointIds.map(rowId)
  await api.db.query(
    `insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, reason, finished_at)
     values ($1, $3, 'delivered', 2, null, now()), ($2, $3, 'dead', 1, 'bad_status', now())`,
    [a, b, event],
  )
  await api.db.query(
    `insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, response_body)
     values ($1, $3, 1, 'listener', '2026-10-01T00:00:00Z', 15, 500, 'bad_status', 'oops'),
            ($1, $3, 2, 'cron', '2026-10-01T00:00:05Z', 7, 204, null, null),
            ($2, $3, 1, 'listener', '2026-10-01T00:00:00Z', 3, null, 'connection', null)`,
    [a, b, event],
  )
  return { a: formatDeliveryId(event, a!), b: formatDeliveryId(event, b!) }
}

describe('an event', () => {
  test('is shown with its deliveries', async () => {
    const id = await emit('order.shipped', '{"order_id": 1}', 'orders/1', '7')
    const deliveries = await deliver(id)
    const answer = await api.get(`/v1/events/${id}`)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      id,
      type: 'order.shipped',
      key: 'orders/1',
      tenant: '7',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      data: { order_id: 1 },
      deliveries: [
        {
          id: deliveries.b,
          event_id: id,
          endpoint_id: endpointIds[1],
          state: 'dead',
          attempt: 1,
          due_at: null,
          reason: 'bad_status',
          created_at: expect.any(String),
          finished_at: expect.any(String),
        },
        expect.objectContaining({
          id: deliveries.a,
          endpoint_id: endpointIds[0],
          state: 'delivered',
          attempt: 2,
        }),
      ],
    })
  })

  test('shows its data as Postgres printed it', async () => {
    const data = '{"n": 12345678901234567890.10, "é": [1.00, 1e-7], "tiny": 0.10}'
    const id = await emit('numbers', data)
    const { rows } = await api.db.query('select data::text from outbox.events where type = $1', ['numbers'])
    expect(rows[0].data).toContain('12345678901234567890.10')
    expect((await api.get(`/v1/events/${id}`)).text).toContain(`"data":${rows[0].data},`)
    expect((await api.get('/v1/events?type=numbers')).text).toContain(`"data":${rows[0].data},`)
  })

  test('is unknown unless all of its id is right', async () => {
    const id = await emit('x')
    const otherNonce = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
    for (const unknown of [otherNonce, 'evt_1', id.slice(4), `${id} `, 'ep_' + id.slice(4)]) {
      expect((await api.get(`/v1/events/${encodeURIComponent(unknown)}`)).status, unknown).toBe(404)
    }
  })

  test('with an id beyond a double is found', async () => {
    // As after many jumps of the ids from one partition to the next.
    await api.db.query(
      `create table outbox.events_far partition of outbox.events for values from (9007199254740992) to (9007199254740999)`,
    )
    await api.db.query(
      `insert into outbox.events (id, nonce, type, data) overriding system value values (9007199254740993, -1, 'big', '{}')`,
    )
    const { body } = await api.get('/v1/events?type=big')
    expect(body.data[0].id).toBe('evt_0020000000000001ffffffff')
    expect((await api.get(`/v1/events/${body.data[0].id}`)).status).toBe(200)
    await api.db.query('drop table outbox.events_far')
  })
})

describe('the list of events', () => {
  test('shows the deliveries of each event', async () => {
    const id = await emit('order.shipped', '{}', 'orders/list')
    const deliveries = await deliver(id)
    const { body } = await api.get('/v1/events?key=orders/list')
    expect(body.data).toEqual([
      expect.objectContaining({
        id,
        deliveries: [
          { id: deliveries.a, endpoint_id: endpointIds[0], state: 'delivered' },
          { id: deliveries.b, endpoint_id: endpointIds[1], state: 'dead' },
        ],
      }),
    ])
  })

  test('is newest first, page by page', async () => {
    const ids = [await emit('paged'), await emit('paged'), await emit('paged')]
    const first = await api.get('/v1/events?type=paged&limit=2')
    const second = await api.get(`/v1/events?type=paged&limit=2&cursor=${first.body.next_cursor}`)
    const seen = [...first.body.data, ...second.body.data].map((event: { id: string }) => event.id)
    expect(seen).toEqual(ids.reverse())
    expect(second.body.next_cursor).toBeNull()
    expect((await api.get('/v1/events?type=paged&limit=3')).body.next_cursor).toBeNull()
  })

  test.each([
    ['type', 'type=filter.b', ['b']],
    ['tenant', 'tenant=t', ['b', 'a']],
    ['key', 'key=k%2F1', ['c', 'a']],
    ['all of them', 'type=filter.a&tenant=t&key=k/1', ['a']],
    ['a type that is only a prefix', 'type=filter', []],
  ])('is filtered by %s', async (_, query, expected) => {
    await api.db.query(`delete from outbox.events where type like 'filter.%'`)
    await emit('filter.a', '"a"', 'k/1', 't')
    await emit('filter.b', '"b"', null, 't')
    await emit('filter.c', '"c"', 'k/1')
    expect(
      (await api.get(`/v1/events?${query}`)).body.data.map((event: { data: string }) => event.data),
    ).toEqual(expected)
  })

  test('is filtered by time, since inclusive, until exclusive', async () => {
    const api = await startApi() // times rise with the ids
    await api.db.query(
      `insert into outbox.events (type, data, occurred_at)
       values ('timed', '1', '2026-01-01T00:00:00Z'), ('timed', '2', '2026-01-02T00:00:00Z'), ('timed', '3', '2026-01-03T00:00:00Z')`,
    )
    const at = async (query: string) =>
      (await api.get(`/v1/events?type=timed&${query}`)).body.data.map((event: { data: number }) => event.data)
    expect(await at('since=2026-01-02T00:00:00Z')).toEqual([3, 2])
    expect(await at('until=2026-01-02T00:00:00Z')).toEqual([1])
    expect(await at('since=2026-01-01T01:00:00%2B01:00&until=2026-01-03T00:00:00.000Z')).toEqual([2, 1])
  })

  test.each([
    'since=yesterday',
    'since=2026-01-01',
    'until=2026-02-30T00:00:00Z',
    'since=0000-01-01T00:00:00Z',
    'limit=1e2',
    'foo=1',
  ])('refuses ?%s', async query => {
    const answer = await api.get(`/v1/events?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body.errors[0].path).toBe(query.split('=')[0])
  })
})

describe('deliveries', () => {
  test('a delivery is shown with its attempts, numbered from 1', async () => {
    const id = await emit('order.shipped')
    const deliveries = await deliver(id)
    const { body } = await api.get(`/v1/deliveries/${deliveries.a}`)
    expect(body).toMatchObject({
      id: deliveries.a,
      event_id: id,
      endpoint_id: endpointIds[0],
      state: 'delivered',
    })
    expect(body.attempts).toEqual([
      {
        number: 1,
        started_at: '2026-10-01T00:00:00.000Z',
        duration_ms: 15,
        response_status: 500,
        error: 'bad_status',
        response_body: 'oops',
        sender: 'listener',
      },
      expect.objectContaining({ number: 2, error: null, sender: 'cron' }),
    ])
  })

  test('are listed by state, endpoint and event, page by page', async () => {
    const events = [await emit('listed'), await emit('listed')]
    for (const event of events) await deliver(event)
    const ids = async (query: string) =>
      (await api.get(`/v1/deliveries?${query}`)).body.data.map((d: { event_id: string; state: string }) => [
        d.event_id,
        d.state,
      ])
    expect(await ids('limit=4')).toEqual([
      [events[1], 'dead'],
      [events[1], 'delivered'],
      [events[0], 'dead'],
      [events[0], 'delivered'],
    ])
    expect(await ids(`event_id=${events[0]}`)).toHaveLength(2)
    expect(await ids(`event_id=${events[0]}&state=dead`)).toEqual([[events[0], 'dead']])
    expect((await ids(`endpoint_id=${endpointIds[0]}&limit=2`)).map(([event]: string[]) => event)).toEqual([
      events[1],
      events[0],
    ])
    const first = await api.get('/v1/deliveries?limit=1')
    const second = await api.get(`/v1/deliveries?limit=1&cursor=${first.body.next_cursor}`)
    expect(second.body.data[0]).toMatchObject({ event_id: events[1], state: 'delivered' })
  })

  test('a delivery that is due says when', async () => {
    const event = await emit('due')
    await api.db.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, due_at) values ($1, $2, 'pending', '2030-01-01T00:00:00Z')`,
      [rowId(endpointIds[0]!), rowId(event)],
    )
    const { body } = await api.get(`/v1/deliveries?event_id=${event}`)
    expect(body.data).toMatchObject([
      { state: 'pending', due_at: '2030-01-01T00:00:00.000Z', finished_at: null },
    ])
  })

  test('unknown ones are 404, and malformed ids are refused as filters', async () => {
    expect((await api.get(`/v1/deliveries/${formatDeliveryId(1n, 424242n)}`)).status).toBe(404)
    expect((await api.get('/v1/deliveries/dlv_1')).status).toBe(404)
    expect((await api.get('/v1/deliveries?event_id=evt_1')).body.errors[0].path).toBe('event_id')
    expect((await api.get(`/v1/deliveries?endpoint_id=${formatDeliveryId(1n, 1n)}`)).status).toBe(400)
  })
})

test('a list shows the deliveries of an endpoint that had its tenant when the event came, and has another by now', async () => {
  const { id: moved } = (await api.post('/v1/endpoints', { url: 'https://example.com/moved', tenant: '31' }))
    .body
  const event = await emit('tenant.moved', '{}', null, '31')
  await storeOn(api.db).fanOut(greedy('a:1'))
  expect((await api.patch(`/v1/endpoints/${moved}`, { tenant: '32' })).status).toBe(200)

  const { data: events } = (await api.get('/v1/events?type=tenant.moved')).body
  expect(events).toHaveLength(1)
  expect(events[0].deliveries.map((d: { endpoint_id: string }) => d.endpoint_id)).toContain(moved)
  const { data: deliveries } = (await api.get('/v1/deliveries?tenant=31')).body
  const ofEvent = deliveries.filter((d: { event_id: string }) => d.event_id === event)
  expect(ofEvent.map((d: { endpoint_id: string }) => d.endpoint_id)).toContain(moved)
})
