// Rate limits: a caller over its limit gets 429 with Retry-After, and nobody else does.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { takeToken } from '../../../drizzle/queries.gen.ts'
import { sourceOf } from '../../../functions/access/rate-limit.ts'
import { runOn } from '../../../worker/database.ts'
import { type Answer, type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,other:admin:other' })
})
beforeEach(() => api.db.query('delete from outbox.rate_buckets'))

const refused = (answers: Answer[]) => answers.filter(({ status }) => status === 429)

describe.each([
  ['/v1/endpoints/ep_0000000000000001a1b2c3d4/test', 60],
  ['/v1/endpoints/ep_0000000000000001a1b2c3d4/replay', 30],
  ['/v1/deliveries/dlv_00000000000004d20000000000000001/redeliver', 300],
])('POST %s', (path, size) => {
  const call = (key = 'dev') => api.post(path, {}, { key })
  /** Well below empty: on a slow machine a token may come back before the next call. */
  const empty = () =>
    api.db.query('update outbox.rate_buckets set tokens = -100, filled_at = clock_timestamp()')

  test(`is allowed ${size} times at once`, async () => {
    // No call beyond the limit here: on a slow machine the bucket fills up while it is emptied.
    expect(refused(await Promise.all(Array.from({ length: size }, () => call())))).toEqual([])
  })

  test('then is refused for as long as Retry-After says, while other keys go on', async () => {
    await call()
    await empty()
    const answer = await call()
    expect(answer).toMatchObject({ status: 429, body: { title: 'Too Many Requests', status: 429 } })
    const waitSeconds = Number(answer.headers.get('retry-after'))
    expect(waitSeconds).toBeGreaterThanOrEqual(1)
    expect((await call('other')).status).not.toBe(429)
    await api.db.query('update outbox.rate_buckets set filled_at = filled_at - make_interval(secs => $1)', [
      waitSeconds,
    ])
    expect((await call()).status).not.toBe(429)
  })
})

describe('wrong keys', () => {
  const guess = () => api.get('/v1/events', { key: crypto.randomUUID() })

  test('1000 from one source get 401, then 429; a valid key is never refused', async () => {
    const answers: Answer[] = []
    for (let round = 0; round < 20; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 50 }, guess))))
      expect((await api.get('/v1/events?limit=1')).status).toBe(200)
    }
    const wrong = answers.filter(({ status }) => status === 401)
    expect(wrong.length).toBeGreaterThanOrEqual(500)
    expect(wrong.length + refused(answers).length).toBe(1000)
    expect(refused(answers).length).toBeGreaterThan(0)
    expect(refused(answers)[0]!.headers.get('retry-after')).toMatch(/^\d+$/)
  })

  test('requests without a key do not count as guesses', async () => {
    for (let n = 0; n < 5; n++) await api.get('/v1/events', { headers: { authorization: '' } })
    expect((await api.db.query('select from outbox.rate_buckets')).rowCount).toBe(0)
  })
})

test('guesses are counted by IPv4 address or IPv6 network', () => {
  expect(sourceOf('192.0.2.1')).not.toBe(sourceOf('192.0.2.2'))
  expect(sourceOf('2001:db8::1')).toBe(sourceOf('2001:db8:0:0:ffff::2'))
  expect(sourceOf('2001:db8::1')).not.toBe(sourceOf('2001:db8:0:1::1'))
  expect([sourceOf(undefined), sourceOf('nonsense')]).toEqual(['unknown', 'unknown'])
})

describe('a token bucket', () => {
  const take = async (name = 'b') =>
    (await takeToken(runOn(api.db), { name, size: 2, perSecond: 0.5 })).waitSeconds

  test('gives its tokens, then says how long to wait', async () => {
    expect([await take(), await take()]).toEqual([0, 0])
    const wait = await take()
    expect(wait).toBeGreaterThan(1.5)
    expect(wait).toBeLessThanOrEqual(2)
  })

  test('fills up with time, but never above its size', async () => {
    await take()
    await api.db.query(`update outbox.rate_buckets set filled_at = filled_at - interval '10 minutes'`)
    expect([await take(), await take()]).toEqual([0, 0])
    expect(await take()).toBeGreaterThan(0)
  })

  test('is forgotten an hour later', async () => {
    await take('old')
    await api.db.query(`update outbox.rate_buckets set filled_at = filled_at - interval '61 minutes'`)
    await take('new')
    const { rows } = await api.db.query('select name from outbox.rate_buckets')
    expect(rows).toEqual([{ name: 'new' }])
  })
})
