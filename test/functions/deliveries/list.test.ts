// GET /v1/deliveries with filters, and GET /v1/events by actor and data: what one knows at three in the morning.
import { beforeAll, describe, expect, test } from 'vitest'
import { greedy, storeOn } from '../../support/outbox.ts'
import { failure, success } from '../../support/settlements.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
let endpoint: string
let theirs: string
/** By what became of them. */
const events = new Map<string, string>()
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,seven:read:k7:7' })
  const url = 'https://example.com/hooks'
  endpoint = (await api.post('/v1/endpoints', { url, event_types: ['order.*'] })).body.id
  theirs = (await api.post('/v1/endpoints', { url, event_types: ['order.*'], tenant: '7' })).body.id
  const store = storeOn(api.db)
  const outcomes = ['delivered', 'timeout', 'bad_status', 'throttled'] as const
  for (const [n, outcome] of outcomes.entries()) {
    const { body } = await api.post('/v1/events', {
      type: n % 2 === 0 ? 'order.created' : 'order.shipped',
      data: { order: { id: n, tags: ['a', `tag ${n}`] }, paid: true },
      key: `orders/${n}`,
      tenant: '7',
    })
    events.set(outcome, body.id)
    const { deliveries } = await store.take(greedy(`a:${n}`))
    await store.settleIfLeased(
      deliveries.map(delivery =>
        outcome === 'delivered'
          ? success(delivery)
          : failure(delivery, {
              error: outcome,
              status: { timeout: null, bad_status: 503, throttled: 429 }[outcome],
              retryInSeconds: 3600,
            }),
      ),
    )
  }
  await api.db.query(
    `update outbox.events set occurred_at = '2026-03-01T00:00:00Z'::timestamptz + id * interval '1 hour'`,
  )
})

/** The events of the deliveries listed, oldest first. */
async function listed(query: string, key = 'dev'): Promise<string[]> {
  const { body } = await api.get(`/v1/deliveries?endpoint_id=${key === 'dev' ? endpoint : theirs}&${query}`, {
    key,
  })
  const names = new Map([...events].map(([name, id]) => [id, name]))
  return body.data.map(({ event_id }: { event_id: string }) => names.get(event_id)).toReversed()
}

describe('deliveries', () => {
  test.each([
    ['error=timeout', ['timeout']],
    ['error=unreachable', ['timeout']],
    ['error=dns', []],
    ['response_status=503', ['bad_status']],
    ['response_status=5xx', ['bad_status']],
    ['response_status=4xx', ['throttled']],
    ['response_status=2xx', ['delivered']],
    ['response_status=201', []],
    ['type=order.shipped', ['timeout', 'throttled']],
    ['tenant=7', ['delivered', 'timeout', 'bad_status', 'throttled']],
    ['tenant=8', []],
    ['key=orders/2', ['bad_status']],
    ['state=pending&type=order.created', ['bad_status']],
    ['error=bad_status&response_status=4xx', []],
    ['since=2026-03-01T03:00:00Z', ['bad_status', 'throttled']],
    ['until=2026-03-01T03:00:00Z', ['delivered', 'timeout']],
    ['since=2026-03-01T02:00:00Z&until=2026-03-01T03:00:00Z', ['timeout']],
  ])('are listed by %s', async (query, expected) => {
    expect(await listed(query)).toEqual(expected)
  })

  test('of a tenant can not be told apart by how an address was not reached', async () => {
    expect(await listed('error=unreachable', 'k7')).toEqual(['timeout'])
    expect(await listed('error=timeout', 'k7')).toEqual([])
    expect(await listed('error=bad_status', 'k7')).toEqual(['bad_status'])
    expect(await listed('response_status=5xx', 'k7')).toEqual(['bad_status'])
  })

  test.each(['error=nothing', 'response_status=6xx', 'response_status=50', 'since=today', 'state=late'])(
    'are not listed by %s',
    async query => {
      const answer = await api.get(`/v1/deliveries?${query}`)
      expect(answer.status).toBe(400)
      expect(answer.body.errors[0].path).toBe(query.split('=')[0])
    },
  )
})

describe('events', () => {
  const since = 'since=2026-01-01T00:00:00Z'
  const idsBy = async (query: string, key = 'dev') =>
    (await api.get(`/v1/events?${query}`, { key })).body.data.map(({ id }: { id: string }) => id)

  test.each([
    ['data_path=order.id&data_value=2', ['bad_status']],
    ['data_path=order.tags.1&data_value=tag%203', ['throttled']],
    ['data_path=paid&data_value=true&type=order.shipped', ['throttled', 'timeout']],
    ['data_path=order.none&data_value=2', []],
    ['data_path=order.id&data_value=2&key=orders/3', []],
    ['actor=dev&type=order.shipped', ['throttled', 'timeout']],
    ['actor=somebody', []],
  ])('are found by %s', async (query, expected) => {
    expect(await idsBy(`${query}&${since}`)).toEqual(expected.map(name => events.get(name)))
    expect(await idsBy(`${query}&${since}`, 'k7')).toEqual(expected.map(name => events.get(name)))
  })

  test('whose data holds characters that Postgres does not store are passed over', async () => {
    await api.db.query(
      `insert into outbox.events (type, data) values ('odd', '{"a": "\\u0000", "b": 1}'), ('odd', '{"b": 1}')`,
    )
    const { body, status } = await api.get(
      '/v1/events?type=odd&data_path=b&data_value=1&since=2026-01-01T00:00:00Z',
    )
    expect(status).toBe(200)
    expect(body.data).toHaveLength(1)
  })

  test('are searched only since a time, and only for a place with its value', async () => {
    const wrong = async (query: string) => (await api.get(`/v1/events?${query}`)).body.errors
    expect(await wrong('data_path=a&data_value=1')).toEqual([
      { path: 'since', message: 'must be there with data_path: every event since then is looked at' },
    ])
    expect((await wrong('actor=dev'))[0].path).toBe('since')
    expect((await wrong(`data_path=a&${since}`))[0].path).toBe('data_value')
    expect((await wrong(`data_value=a&${since}`))[0].path).toBe('data_path')
    expect((await wrong(`data_path=&data_value=1&${since}`))[0].path).toBe('data_path')
  })
})

test('a page that has looked at enough says how far, and the next goes on from there', async () => {
  await api.db.query(
    `insert into outbox.events (type, data, occurred_at) select 'noise', '{}', timestamptz '2026-04-01' + n * interval '1 second' from generate_series(1, 5000) as n`,
  )
  const query = '/v1/events?data_path=order.id&data_value=2&since=2026-01-01T00:00:00Z'
  const first = (await api.get(query)).body
  expect(first).toEqual({
    data: [],
    next_cursor: expect.any(String),
    looked_to: expect.stringMatching(/^2026-04-01T/),
  })
  const found: string[] = []
  for (let page = first; page.next_cursor !== null; ) {
    page = (await api.get(`${query}&cursor=${page.next_cursor}`)).body
    found.push(...page.data.map(({ id }: { id: string }) => id))
  }
  expect(found).toEqual([events.get('bad_status')])
})
