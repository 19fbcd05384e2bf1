// GET /v1/stats/series: what charts are made of, for an operator and for a tenant.
import { beforeAll, describe, expect, test } from 'vitest'
import { percentile } from '../../../functions/system/series/percentile.ts'
import { rangeOf } from '../../../functions/system/series/range.ts'
import { fold } from '../../support/history.ts'
import { addEndpoint, greedy, storeOn } from '../../support/outbox.ts'
import { failure, success } from '../../support/settlements.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
const url = 'https://example.com/'
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,viewer:read:look,seven:read:k7:7,eight:read:k8:8' })
  await addEndpoint(api.db, { url, tenant: '7' })
  await addEndpoint(api.db, { url, tenant: '8' })
  const store = storeOn(api.db)
  for (const [tenant, count] of [
    ['7', 3],
    ['8', 2],
  ] as const)
    await api.db.query(`select outbox.emit('a.b', '{}'::json, null, $1) from generate_series(1, $2)`, [
      tenant,
      count,
    ])
  const { deliveries } = await store.take(greedy('a:1'))
  const [first, second, ...others] = deliveries.toSorted((a, b) => Number(a.eventId) - Number(b.eventId))
  await store.settleIfLeased([
    failure(first!, { error: 'dns', durationMs: 300, retryInSeconds: 60 }),
    failure(second!, { error: 'bad_status', status: 500, durationMs: 900, retryInSeconds: 0 }),
    ...others.map(delivery => ({ ...success(delivery), durationMs: 40 })),
  ])
  await api.db.query(
    `update outbox.delivery_rows set due_at = clock_timestamp() - interval '90 s' where state = 'pending'`,
  )
  await fold(api.db)
})

const last = (values: readonly unknown[]) => values.findLast(value => value !== null && value !== 0)
const read = async (query: string, key = 'dev') => {
  const answer = await api.get(`/v1/stats/series?${query}`, { key })
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}
const idOf = async (tenant: string) =>
  (
    await api.db.query('select outbox.endpoint_id(id, nonce) as id from outbox.endpoints where tenant = $1', [
      tenant,
    ])
  ).rows[0].id

test('every measure has a value for each time', async () => {
  const body = await read('bucket=1m')
  expect(body.times.length).toBeGreaterThanOrEqual(60)
  expect(body.bucket).toBe('1m')
  expect(Date.parse(body.complete_to)).toBeGreaterThan(Date.now() - 60_000)
  const lists = [
    ...Object.values(body.attempts),
    body.oldest_pending.seconds,
    ...Object.values(body.response_time),
    ...Object.values(body.first_attempt_delay),
  ] as unknown[][]
  for (const list of lists) expect(list).toHaveLength(body.times.length)
})

test('an operator sees the attempts of all by outcome, and how long answers took', async () => {
  const { attempts, response_time, first_attempt_delay, oldest_pending } = await read('bucket=1h')
  expect(
    Object.fromEntries(Object.entries(attempts).map(([outcome, n]) => [outcome, last(n as number[])])),
  ).toEqual({
    delivered: 3,
    dns: 1,
    bad_status: 1,
  })
  expect(last(response_time.count)).toBe(4)
  expect(last(response_time.mean_seconds)).toBeCloseTo((900 + 3 * 40) / 4 / 1000)
  expect(last(response_time.p50_seconds)).toBeGreaterThan(0.025)
  expect(last(response_time.p50_seconds)).toBeLessThan(0.05)
  expect(last(response_time.p99_seconds)).toBeGreaterThan(0.5)
  expect(last(first_attempt_delay.count)).toBe(5)
  expect(last(oldest_pending.seconds)).toBeGreaterThan(89)
})

test('by the minute and by the hour it is the same', async () => {
  const sum = (series: Record<string, number[]>) =>
    Object.values(series)
      .flat()
      .reduce((total, n) => total + n, 0)
  for (const bucket of ['1m', '5m', '15m', '1h', '6h', '1d'])
    expect(sum((await read(`bucket=${bucket}&measure=attempts`)).attempts), bucket).toBe(5)
})

test('only the measures that were asked for are answered', async () => {
  expect(Object.keys(await read('measure=oldest_pending'))).toEqual([
    'since',
    'until',
    'bucket',
    'complete_to',
    'times',
    'oldest_pending',
  ])
})

describe('a tenant', () => {
  test('sees its own endpoints alone, and not why an address was not reached', async () => {
    const seven = await read('bucket=1h', 'k7')
    expect(Object.keys(seven.attempts).sort()).toEqual(['bad_status', 'delivered', 'unreachable'])
    const eight = await read('bucket=1h', 'k8')
    expect(Object.keys(eight.attempts)).toEqual(['delivered'])
    expect(last(eight.attempts.delivered)).toBe(2)
    expect(last(eight.oldest_pending.seconds)).toBeUndefined()
    expect(last(seven.response_time.count)).toBe(2)
  })

  test('is what an operator may ask for by name', async () => {
    const { attempts } = await read('bucket=1h&tenant=7')
    expect(Object.keys(attempts).sort()).toEqual(['bad_status', 'delivered', 'dns'])
    expect((await read('bucket=1h&tenant=nobody')).attempts).toEqual({})
  })

  test('may not ask for another one, nor for another one’s endpoint', async () => {
    expect((await api.get('/v1/stats/series?tenant=8', { key: 'k7' })).status).toBe(403)
    const path = `/v1/stats/series?endpoint_id=${await idOf('8')}`
    expect((await api.get(path, { key: 'k7' })).status).toBe(404)
    expect((await api.get(path, { key: 'k8' })).status).toBe(200)
    expect((await api.get(`${path}&tenant=7`)).status).toBe(404)
  })
})

test('an endpoint has its own series', async () => {
  const { attempts, oldest_pending } = await read(`bucket=1h&endpoint_id=${await idOf('7')}`)
  expect(last(attempts.delivered)).toBe(1)
  expect(last(attempts.dns)).toBe(1)
  expect(last(oldest_pending.seconds)).toBeGreaterThan(89)
})

test.each([
  ['since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', 'since: must be before until.'],
  [
    'since=2026-01-01T00:00:00Z&until=2026-06-01T00:00:00Z',
    'since: must not be more than 92 days before until.',
  ],
  [
    'since=2026-01-01T00:00:00Z&until=2026-01-04T00:00:00Z&bucket=15m',
    'bucket: must be 1h or longer for more than two days.',
  ],
  [
    'since=2026-01-01T00:00:00Z&until=2026-03-01T00:00:00Z&bucket=1h',
    'bucket: must be longer: that would be 1416 buckets, and 750 is the most.',
  ],
  [
    'since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z&bucket=1m',
    'bucket: must be longer: that would be 1440 buckets, and 750 is the most.',
  ],
  [
    'measure=speed',
    'measure: must be of attempts, oldest_pending, response_time, first_attempt_delay, with commas between them.',
  ],
  ['bucket=2m', /^bucket: /],
  ['since=yesterday', /^since: must be an ISO 8601 time/],
])('%s is refused with a sentence', async (query, detail) => {
  const answer = await api.get(`/v1/stats/series?${query}`)
  expect(answer.status).toBe(400)
  expect(answer.body.detail).toEqual(typeof detail === 'string' ? detail : expect.stringMatching(detail))
})

test.each([
  ['an hour', 3600, 60],
  ['two days', 2 * 86_400, 3600],
  ['a week', 7 * 86_400, 21_600],
  ['92 days', 92 * 86_400, 86_400],
])('without a bucket, %s has one that makes few', (_, seconds, bucketSeconds) => {
  const until = new Date('2026-04-03T10:20:30Z')
  expect(rangeOf({ since: new Date(until.getTime() - seconds * 1000), until }, until)).toMatchObject({
    bucketSeconds,
  })
})

test.each([
  [[0, 0, 0], 0.5, null],
  [[1, 0, 0], 0.5, 0.005],
  [[0, 2, 0], 0.5, 0.015],
  [[1, 1, 0], 1, 0.02],
  [[0, 0, 3], 0.5, 0.02],
])('of the counts %j the part %d lies below %d', (counts, share, seconds) => {
  expect(percentile(counts, [10, 20], share)).toBe(seconds)
})
