// No port scanner: with a tenant's key, a blocked address can't be told from a dead, a silent or a strange one, by text or
// by time. An operator can tell.
import { createServer } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, startTestListener } from '../support/outbox.ts'
import { startRawReceiver } from '../support/raw-receiver.ts'
import { startReceiver } from '../support/receiver.ts'

const limitSeconds = 1
/** Events for each target; fewer than the failures that open the breaker. */
const samples = 4
/** A difference in milliseconds that would reveal something. */
const visibleMs = 50

let targets: Record<string, string>
beforeAll(async () => {
  const silent = await startRawReceiver(() => {})
  const strange = await startRawReceiver(socket => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
  targets = {
    blocked: 'http://10.0.0.1/',
    metadata: 'http://169.254.169.254/',
    refused: `http://127.0.0.1:${await closedPort()}/`,
    silent: `http://127.0.0.1:${silent.port}/`,
    unknown: 'http://nowhere.invalid/',
    strange: `http://127.0.0.1:${strange.port}/`,
    'no TLS': `https://127.0.0.1:${strange.port}/`,
  }
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

const planes: Record<string, (api: Api) => Promise<void>> = {
  listener: async api => {
    await startTestListener(api.database.url)
  },
  cron: async api => {
    await eventually(
      async () => {
        await api.worker.scheduled()
        const { pending = 0, sending = 0 } = await deliveryStates(api.db)
        return pending + sending === 0
      },
      { timeoutMs: 60_000 },
    )
  },
}

describe.each(Object.entries(planes))('unreachable targets of the %s', (sender, send) => {
  let api: Api
  /** By target: the id of its endpoint. */
  const endpoints: Record<string, string> = {}
  beforeAll(async () => {
    api = await startApi({
      OUTBOX_API_KEYS: 'dev:admin:dev,seven:admin:k7:7',
      OUTBOX_CRON_SUBREQUESTS: '900',
    })
    const free = await startReceiver()
    for (const [name, url] of Object.entries(targets)) {
      const { body } = await api.post(
        '/v1/endpoints',
        { url: free.url, timeout_seconds: limitSeconds, retry_schedule: [0.01] },
        { key: 'k7' },
      )
      endpoints[name] = body.id
      // The API would refuse these. They are written by hand, because a name could resolve to them later.
      await api.db.query('update outbox.endpoints set url = $1 where url = $2', [url, free.url])
    }
    for (let n = 0; n < samples; n++) await api.post('/v1/events', { type: 'a.b', data: n }, { key: 'k7' })
    await send(api)
    await allDead()
  })

  const allDead = () =>
    eventually(
      async () =>
        expect(await deliveryStates(api.db)).toEqual({ dead: samples * Object.keys(targets).length }),
      { timeoutMs: 30_000 },
    )

  /** Starts again at the first attempt, without the breaker. */
  async function sendAgain() {
    await api.db.query('delete from outbox.attempt_rows')
    await api.db.query(
      'update outbox.endpoint_health set failures = 0, failing_since = null, probe_at = null, probes = 0, probing = false',
    )
    await api.db.query(`update outbox.delivery_rows
      set state = 'pending', attempt = 0, reason = null, finished_at = null, due_at = now()`)
    await allDead()
  }

  /** Everything a key can read of a target's deliveries. */
  async function view(name: string, key: string) {
    const { data } = (await api.get(`/v1/deliveries?endpoint_id=${endpoints[name]}`, { key })).body
    return Promise.all(
      data.map(async ({ id, event_id }: { id: string; event_id: string }) => ({
        delivery: (await api.get(`/v1/deliveries/${id}`, { key })).body,
        ofEvent: (await api.get(`/v1/events/${event_id}`, { key })).body.deliveries.find(
          (d: { id: string }) => d.id === id,
        ),
        listed: data.find((d: { id: string }) => d.id === id),
      })),
    )
  }

  test('an operator reads the real error of an unreachable target', async () => {
    const errors: Record<string, string> = {}
    for (const name of Object.keys(targets)) {
      const [{ delivery }] = await view(name, 'dev')
      expect(delivery.attempts[0]).toMatchObject({ error: delivery.reason, sender })
      errors[name] = delivery.reason
    }
    expect(errors).toMatchObject({
      blocked: 'blocked_address',
      metadata: 'blocked_address',
      silent: 'timeout',
    })
    expect(errors.refused).toBe('connection')
    const [{ delivery }] = await view('blocked', 'dev')
    expect(delivery.attempts[0].duration_ms).toBeLessThan(limitSeconds * 1000)
  })

  test('a tenant reads the same error, status and body for every unreachable target', async () => {
    const seen = new Set<string>()
    for (const name of Object.keys(targets)) {
      for (const views of await view(name, 'k7')) {
        const text = JSON.stringify(views)
          .replaceAll(/"(dlv|evt|ep)_\w+"/g, '"$1"')
          .replaceAll(/"\d{4}-[^"]+Z"/g, '"time"')
        expect(text, name).toMatch(/"error":"unreachable"/)
        seen.add(text)
      }
    }
    expect([...seen]).toHaveLength(1)
  })

  test('a tenant sees the same times for every unreachable target: attempts and retries wait for the timeout', async () => {
    const fastest: Record<string, number> = {}
    const measure = async () => {
      for (const name of Object.keys(targets)) {
        for (const { delivery } of await view(name, 'k7')) {
          const starts = delivery.attempts.map((a: { started_at: string }) => Date.parse(a.started_at))
          const ends = [...starts, Date.parse(delivery.finished_at)]
          for (let i = 1; i < ends.length; i++) {
            expect(ends[i] - ends[i - 1], name).toBeGreaterThan(limitSeconds * 1000 - 5)
            fastest[name] = Math.min(fastest[name] ?? Number.POSITIVE_INFINITY, ends[i] - ends[i - 1])
          }
        }
      }
    }
    await measure()
    // The six requests of the cron function wait for each other, whatever the target, so their times differ anyway.
    if (sender === 'listener') await untilAlike(fastest, () => sendAgain().then(measure))
  })

  test('the answer to a test of an endpoint is the same for every unreachable target, and takes the same time', async () => {
    const fastest: Record<string, number> = {}
    const answers = new Set<string>()
    const measure = async () => {
      for (const [name, id] of Object.entries(endpoints)) {
        const started = performance.now()
        const { status, text } = await api.call('POST', `/v1/endpoints/${id}/test`, { key: 'k7' })
        fastest[name] = Math.min(fastest[name] ?? Number.POSITIVE_INFINITY, performance.now() - started)
        answers.add(`${status} ${text.replaceAll(/_\w+"/g, '"')}`)
      }
    }
    await measure()
    await untilAlike(fastest, measure)
    expect([...answers]).toHaveLength(1)
  })
})

/**
 * Measures again until no difference is visible. The fastest time counts, because a busy machine makes requests slower and
 * never faster: equal times become equal, and a real difference stays.
 */
async function untilAlike(fastest: Record<string, number>, measure: () => Promise<void>) {
  for (let round = 1; ; round++) {
    const all = Object.values(fastest)
    const difference = Math.max(...all) - Math.min(...all)
    if (difference < visibleMs) return
    expect(round, JSON.stringify(fastest)).toBeLessThan(8)
    await measure()
  }
}

test.each([
  ['a tenant’s when its timeout is over', '7', (ms: number) => ms > 1_495],
  ['an operator’s at once', null, (ms: number) => ms < 1_495],
])('the cron function records the attempt at a refused target: %s', async (_, tenant, isRight) => {
  const api = await startApi()
  await api.post('/v1/endpoints', { url: targets.refused, tenant, timeout_seconds: 1.5, retry_schedule: [] })
  await api.post('/v1/events', { type: 'a.b', data: 1, tenant: '7' })
  await api.worker.scheduled()
  const [{ id }] = (await api.get('/v1/deliveries?state=dead')).body.data
  const { attempts, finished_at } = (await api.get(`/v1/deliveries/${id}`)).body
  expect(Date.parse(finished_at) - Date.parse(attempts[0].started_at)).toSatisfy(isRight)
})

test("an attempt at an operator's refused target is recorded at once", async () => {
  const api = await startApi()
  const body = { url: targets.refused, timeout_seconds: 5, retry_schedule: [] }
  const { id } = (await api.post('/v1/endpoints', body)).body
  await startTestListener(api.database.url)
  await api.call('POST', `/v1/endpoints/${id}/test`)
  const [delivery] = await eventually(async () => {
    const { data } = (await api.get('/v1/deliveries?state=dead')).body
    return data.length === 1 && data
  })
  expect(Date.parse(delivery.finished_at) - Date.parse(delivery.created_at)).toBeLessThan(3_000)
})

test("a stopping listener records a tenant's attempt without waiting for its timeout", async () => {
  const api = await startApi()
  const body = { url: targets.refused, tenant: '7', timeout_seconds: 50, retry_schedule: [] }
  await api.post('/v1/endpoints', body)
  await api.post('/v1/events', { type: 'a.b', data: 1, tenant: '7' })
  const listener = await startTestListener(api.database.url)
  const metrics = async () => (await fetch(`http://127.0.0.1:${listener.healthPort}/metrics`)).text()
  await eventually(async () =>
    expect(await metrics()).toContain('outbox_attempts_total{outcome="connection",sender="listener"} 1'),
  )
  expect(await deliveryStates(api.db)).toEqual({ sending: 1 })
  const started = performance.now()
  expect(await listener.stop()).toBe(true)
  expect(performance.now() - started).toBeLessThan(20_000)
  expect(await deliveryStates(api.db)).toEqual({ dead: 1 })
  const { rows } = await api.db.query('select error from outbox.attempts')
  expect(rows).toEqual([{ error: 'connection' }])
})
