// Replays over HTTP: how they are counted, started, read and stopped. Their steps are tested in test/drizzle.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { greedy, storeOn } from '../../support/outbox.ts'
import { failure, success } from '../../support/settlements.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
let store: ReturnType<typeof storeOn>
let endpoint: string
beforeAll(async () => {
  api = await startApi()
  store = storeOn(api.db)
})

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
const replay = (wanted: object, id = endpoint) =>
  api.post(`/v1/endpoints/${id}/replay`, { since: minutesAgo(100), ...wanted })
const count = async (wanted: object) => (await replay({ dry_run: true, ...wanted })).body.count

/** Six events, an hour to ten minutes old: delivered, dead, pending, then three that were never made into deliveries. */
beforeEach(async () => {
  await api.db.query(
    `truncate outbox.events, outbox.fanout, outbox.delivery_rows, outbox.delivery_groups, outbox.delivered_at_once, outbox.attempt_rows, outbox.rate_buckets`,
  )
  await api.db.query(`update outbox.replays set state = 'done', finished_at = now() where state = 'running'`)
  await api.db.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now() where deleted_at is null`,
  )
  endpoint = (await api.post('/v1/endpoints', { url: 'https://example.com/hooks' })).body.id
  await api.db.query(`select outbox.emit('order.created', '{}') from generate_series(1, 3)`)
  const [delivered, dead, pending] = (await store.take(greedy('a:1'))).deliveries
  await store.settleIfLeased([
    success(delivered!),
    failure(dead!, { state: 'dead', retryInSeconds: null }),
    failure(pending!, { retryInSeconds: 3600 }),
  ])
  await api.db.query(`select outbox.emit('order.shipped', '{}') from generate_series(1, 3)`)
  await api.db.query('truncate outbox.fanout')
  await api.db.query(
    `update outbox.events set occurred_at = now() - interval '10 minutes' * (1 + (select max(id) from outbox.events) - id)`,
  )
})

describe('a dry run', () => {
  test.each([
    ['dead', 1],
    ['undelivered', 4],
    ['all', 5],
  ])('with only=%s counts %i and begins nothing', async (only, expected) => {
    const answer = await replay({ only, dry_run: true })
    expect(answer).toMatchObject({ status: 200, body: { count: expected, count_is_estimate: false } })
    expect((await api.get(`/v1/replays?endpoint_id=${endpoint}`)).body.data).toEqual([])
  })

  test('counts events in the range that have a type asked for', async () => {
    expect(await count({ only: 'all', since: minutesAgo(35) })).toBe(3)
    expect(await count({ only: 'all', until: minutesAgo(35) })).toBe(2)
    expect(await count({ only: 'all', since: minutesAgo(45), until: minutesAgo(15) })).toBe(2)
    expect(await count({ only: 'all', since: minutesAgo(5) })).toBe(0)
    expect(await count({ only: 'all', event_types: ['order.created'] })).toBe(2)
    expect(await count({ only: 'all', event_types: ['*'] })).toBe(5)
    await api.patch(`/v1/endpoints/${endpoint}`, { event_types: ['order.shipped'] })
    expect(await count({ only: 'all' })).toBe(3)
  })

  test('of a long history looks at 10,000 events, and says that there may be more', async () => {
    await api.db.query(
      `insert into outbox.events (type, data, occurred_at)
       select 'order.shipped', '{}', now() - interval '9 minutes' + n * interval '1 millisecond'
       from generate_series(1, 300000) as n`,
    )
    await api.db.query('analyze outbox.events')
    const { body } = await replay({ dry_run: true })
    expect(body.count_is_estimate).toBe(true)
    expect(body.count).toBeGreaterThan(9_990)
    // Gaps between ids are skipped by halving, not one id at a time.
    expect(await count({ since: minutesAgo(5) })).toBe(10_000)
    expect(await count({ until: minutesAgo(15), only: 'dead' })).toBe(1)
  })
})

describe('a replay', () => {
  test('is 202 with its id, begins just before the range, and can be read until it is done', async () => {
    const { status, body } = await replay({ only: 'all', since: minutesAgo(33), rate_per_second: 7 })
    expect(status).toBe(202)
    expect(body).toEqual({ count: 3, count_is_estimate: false, id: expect.stringMatching(/^rpl_/) })
    expect((await api.get(`/v1/replays/${body.id}`)).body).toEqual({
      id: body.id,
      endpoint_id: endpoint,
      state: 'running',
      since: expect.any(String),
      until: expect.any(String),
      event_types: null,
      only: 'all',
      rate_per_second: 7,
      replayed: 0,
      created_at: expect.any(String),
      finished_at: null,
    })
    const { rows } = await api.db.query(
      `select looked_to, (select min(id) from outbox.events where occurred_at > $1) as first
       from outbox.replays where state = 'running'`,
      [minutesAgo(33)],
    )
    expect(BigInt(rows[0].looked_to)).toBe(BigInt(rows[0].first) - 1n)
    await api.db.query(`update outbox.replays set stepped_at = now() - interval '5 seconds'`)
    await store.stepReplay(100)
    expect((await api.get(`/v1/replays/${body.id}`)).body).toMatchObject({
      state: 'done',
      replayed: 3,
      finished_at: expect.any(String),
    })
    expect((await api.get(`/v1/replays?endpoint_id=${endpoint}`)).body.data).toHaveLength(1)
  })

  test('runs alone for its endpoint, even when 20 are asked for at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => replay({})))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([202, ...Array(19).fill(409)])
    expect((await api.get(`/v1/replays?endpoint_id=${endpoint}`)).body.data).toHaveLength(1)
  })

  test('that is canceled stays canceled, and the next may start', async () => {
    const { id } = (await replay({})).body
    const cancel = () => api.call('POST', `/v1/replays/${id}/cancel`)
    expect(await cancel()).toMatchObject({ status: 200, body: { id, state: 'canceled' } })
    expect(await cancel()).toMatchObject({ status: 200, body: { id, state: 'canceled' } })
    expect((await replay({})).status).toBe(202)
  })

  test('does not start for a disabled endpoint, but may be counted', async () => {
    await api.call('POST', `/v1/endpoints/${endpoint}/disable`)
    expect((await replay({})).status).toBe(409)
    expect((await api.get(`/v1/replays?endpoint_id=${endpoint}`)).body.data).toEqual([])
    expect(await count({})).toBe(4)
  })
})

test.each([
  ['no beginning', { since: undefined }, 'since'],
  ['a beginning after the end', { since: minutesAgo(1), until: minutesAgo(2) }, 'since'],
  ['a beginning in the future', { since: minutesAgo(-2) }, 'since'],
  ['an end in the future', { until: minutesAgo(-2) }, 'until'],
  ['a time without a zone', { since: '2026-01-01T00:00:00' }, 'since'],
  ['a year that has five digits', { since: '12026-01-01T00:00:00Z' }, 'since'],
  ['another scope', { only: 'failed' }, 'only'],
  ['a rate of nothing', { rate_per_second: 0 }, 'rate_per_second'],
  ['no types', { event_types: [] }, 'event_types'],
])('%s is refused', async (_, wanted, path) => {
  for (const dry_run of [true, false]) {
    const answer = await replay({ ...wanted, dry_run })
    expect(answer.status).toBe(400)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
  }
})
