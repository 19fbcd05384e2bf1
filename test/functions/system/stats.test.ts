// GET /v1/stats: exact for few deliveries, capped and saying so for many.
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'

let api: Api
let a: string
let b: string
beforeAll(async () => {
  api = await startApi()
  a = (await api.post('/v1/endpoints', { url: 'https://example.com/a' })).body.id
  b = (await api.post('/v1/endpoints', { url: 'https://example.com/b' })).body.id
})
beforeEach(async () => {
  await api.db.query('truncate outbox.delivery_rows, outbox.attempt_tallies, outbox.attempt_minutes')
  await api.db.query('update outbox.endpoint_health set failures = 0, failing_since = null, probe_at = null')
})

const stats = async () => (await api.get('/v1/stats')).body

/** Deliveries 1 to n of this endpoint. */
const deliver = (endpoint: string, from: number, to: number, columns: Record<string, string>) =>
  api.db.query(
    `insert into outbox.delivery_rows (endpoint_id, event_id, ${Object.keys(columns).join()})
     select p.id, n, ${Object.values(columns).join()}
     from outbox.endpoints p, generate_series($2::int, $3::int) as n
     where outbox.endpoint_id(p.id, p.nonce) = $1`,
    [endpoint, from, to],
  )
const pending = { state: `'pending'` }
/** As a sender tallies them. */
const attempts = (endpoint: string, count: number, age: string, error = 'null') =>
  api.db.query(
    `insert into outbox.attempt_tallies (endpoint_id, sender, minute, error, attempts)
     select p.id, 'listener', date_bin('1 minute', now() - interval '${age}', 'epoch'), ${error}, $2
     from outbox.endpoints p
     where outbox.endpoint_id(p.id, p.nonce) = $1`,
    [endpoint, count],
  )
const fold = () => api.db.query(`select outbox.fold_attempts('30 days', 10000)`)

const quiet = {
  url: expect.stringMatching(/^https:/),
  state: 'active',
  disabled_reason: null,
  pending: 0,
  sending: 0,
  dead: 0,
  oldest_pending_seconds: null,
  failures: 0,
  failing_seconds: null,
  probe_in_seconds: null,
  failing: false,
  in_trouble: false,
}

const noEndpoints = { total: 0, active: 0, paused: 0, disabled: 0, healthy: 0, failing: 0, in_trouble: 0 }

test('without deliveries every count is zero', async () => {
  expect(await stats()).toEqual({
    deliveries: { pending: 0, sending: 0, dead: 0 },
    capped: false,
    counted_to: 10_000,
    delivered_last_hour: 0,
    delivered_last_hour_capped: false,
    oldest_pending_seconds: null,
    endpoint_counts: { ...noEndpoints, total: 2, active: 2, healthy: 2 },
    endpoints: [
      { id: b, ...quiet },
      { id: a, ...quiet },
    ],
  })
})

test('each state is counted, for each endpoint and in total', async () => {
  await deliver(a, 1, 3, pending)
  await deliver(a, 4, 5, { state: `'dead'`, attempt: '1', reason: `'timeout'`, finished_at: 'now()' })
  await deliver(b, 1, 4, { state: `'sending'`, attempt: '1', lease: `'a:1'`, leased_until: 'now()' })
  await deliver(b, 5, 9, { state: `'delivered'`, attempt: '1', finished_at: 'now()' })
  expect(await stats()).toMatchObject({
    deliveries: { pending: 3, sending: 4, dead: 2 },
    endpoints: [
      { id: a, pending: 3, sending: 0, dead: 2 },
      { id: b, pending: 0, sending: 4, dead: 0 },
    ],
  })
})

test('an endpoint that fails says since when, and when it is probed', async () => {
  await api.db.query(
    `update outbox.endpoint_health set failures = 3, failing_since = now() - interval '90 seconds', probe_at = now() + interval '60 seconds'
     from outbox.endpoints p where p.id = endpoint_id and outbox.endpoint_id(p.id, p.nonce) = $1`,
    [a],
  )
  await deliver(a, 1, 1, { ...pending, due_at: `now() - interval '30 seconds'` })
  const [failing, well] = (await stats()).endpoints
  expect(failing).toMatchObject({ id: a, failures: 3 })
  expect(failing.failing_seconds).toBeCloseTo(90, -1)
  expect(failing.probe_in_seconds).toBeCloseTo(60, -1)
  expect(failing.oldest_pending_seconds).toBeCloseTo(30, -1)
  expect(well).toEqual({ id: b, ...quiet })
})

test.each<[string, string, boolean]>([
  ['is active and fails', `failures = 1, failing_since = now()`, true],
  ['has an open breaker', 'probe_at = now()', true],
  ['is active, and one waits for a retry', `due_at = now() + interval '1 hour'`, false],
  ['is active, and one has been due for less than a minute', `due_at = now() - interval '50 seconds'`, false],
  ['is active, and one has been due for more than a minute', `due_at = now() - interval '70 seconds'`, true],
  ['is paused, and one waits', `state = 'paused', due_at = now()`, true],
  ['is disabled, and one waits', `state = 'disabled', disabled_reason = 'manual', due_at = now()`, true],
  ['is paused, and none waits', `state = 'paused'`, false],
])('an endpoint that %s: whether it is in trouble is counted', async (_, given, inTrouble) => {
  const settings = given.split(/, (?=\w+ =)/)
  const dueAt = settings.find(setting => setting.startsWith('due_at'))?.slice('due_at = '.length)
  if (dueAt) await deliver(a, 1, 1, { ...pending, due_at: dueAt })
  for (const [table, names, id] of [
    ['endpoints', /^(state|disabled_reason)/, 'id'],
    ['endpoint_health', /^(failures|failing_since|probe_at)/, 'endpoint_id'],
  ] as const) {
    const changes = settings.filter(setting => names.test(setting))
    if (changes.length > 0)
      await api.db.query(
        `update outbox.${table} t set ${changes.join()}
         from outbox.endpoints p where p.id = t.${id} and outbox.endpoint_id(p.id, p.nonce) = $1`,
        [a],
      )
  }
  const { endpoint_counts: counts, endpoints } = await stats()
  const { state, failing } = endpoints.find(({ id }: { id: string }) => id === a)
  await api.db.query(`update outbox.endpoints set state = 'active', disabled_reason = null`)
  expect(counts).toEqual({
    ...noEndpoints,
    total: 2,
    active: state === 'active' ? 2 : 1,
    [state]: state === 'active' ? 2 : 1,
    healthy: state === 'active' && !inTrouble ? 2 : 1,
    failing: failing ? 1 : 0,
    in_trouble: inTrouble ? 1 : 0,
  })
  expect(failing).toBe(/failures|probe/.test(given))
})

test('the oldest pending delivery is the one due longest; one that waits for a retry is not due', async () => {
  await deliver(a, 1, 1, { ...pending, due_at: `now() + interval '1 hour'` })
  expect((await stats()).oldest_pending_seconds).toBe(0)
  await deliver(b, 1, 1, { ...pending, due_at: `now() - interval '90 seconds'` })
  expect((await stats()).oldest_pending_seconds).toBeCloseTo(90, -1)
})

test('successes of the last hour count as delivered, in the history or on their way there', async () => {
  for (const age of ['9 seconds', '5 minutes', '59 minutes']) await attempts(a, 2, age)
  await attempts(a, 5, '61 minutes')
  await attempts(a, 5, '1 minute', `'timeout'`)
  await fold()
  await attempts(b, 3, '1 second')
  expect(await stats()).toMatchObject({ delivered_last_hour: 9, delivered_last_hour_capped: false })
})

test('counting what waits stops at a limit that the answer names, and successes are counted to the last', async () => {
  await deliver(a, 1, 200_000, pending)
  await attempts(b, 350_000, '2 minutes')
  await fold()
  await attempts(b, 350_000, '30 minutes')
  await api.db.query('analyze outbox.delivery_rows')
  expect(await stats()).toMatchObject({
    deliveries: { pending: 10_000 },
    capped: true,
    counted_to: 10_000,
    delivered_last_hour: 700_000,
    delivered_last_hour_capped: false,
  })
})
