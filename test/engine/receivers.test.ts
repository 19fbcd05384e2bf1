// How the engine reacts to receivers, from the first request to the recorded attempt.
import type pg from 'pg'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import type { EndpointId } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import {
  addEndpoint,
  addSecret,
  deliveryStates,
  emit,
  emitAtOnce,
  startTestListener,
} from '../support/outbox.ts'
import { ok, startRawReceiver } from '../support/raw-receiver.ts'
import { type Respond, startReceiver } from '../support/receiver.ts'

const quick = { OUTBOX_RETRY_SCHEDULE: '0.05,0.05,0.05,0.05', OUTBOX_POLL_SECONDS: '0.2' }

describe('answers of a receiver', () => {
  test('a flapping receiver gets the same webhook until it accepts it, with the same id and bytes and a new timestamp', async () => {
    const { db, client, receiver } = await setUp(({ nth }) => (nth <= 3 ? 503 : 200))
    await startTestListener(db.url, { ...quick, OUTBOX_RETRY_SCHEDULE: '0.4,0.4,0.4' })
    await emit(client)
    const requests = await receiver.waitFor(4)
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
    expect(new Set(requests.map(r => r.body.toString())).size).toBe(1)
    expect(new Set(requests.map(r => r.headers['webhook-id'])).size).toBe(1)
    for (const r of requests)
      expect(Math.abs(Number(r.headers['webhook-timestamp']) - r.at / 1000)).toBeLessThan(5)
    expect(new Set(requests.map(r => r.headers['webhook-timestamp'])).size).toBeGreaterThan(1)
    expect((await client.query('select failures from outbox.endpoint_health')).rows).toEqual([
      { failures: 0 },
    ])
  })

  test('a receiver that sends Retry-After gets no webhook before that time, not even other events', async () => {
    const { db, client, receiver } = await setUp(({ nth }, response) => {
      if (receiver.requests.length > 1 || nth > 1) return 200
      response.writeHead(429, { 'retry-after': '2' }).end()
    })
    await startTestListener(db.url, quick)
    await emit(client)
    await receiver.waitFor(1)
    await eventually(async () => (await deliveryStates(client)).pending === 1)
    await emit(client, 3)
    const requests = await receiver.waitFor(5)
    for (const later of requests.slice(1)) expect(later.at - requests[0]!.at).toBeGreaterThanOrEqual(1_900)
    await eventually(async () => (await deliveryStates(client)).delivered === 4)
  })

  test('a receiver that sends 100 Continue unasked gets each webhook once', async () => {
    const { db, client, endpoint } = await setUp()
    const raw = await startRawReceiver(socket => {
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok()}`)
    })
    await client.query('update outbox.endpoints set url = $2 where id = $1', [
      endpoint.id,
      `http://127.0.0.1:${raw.port}/`,
    ])
    await startTestListener(db.url, quick)
    await emit(client, 5)
    await eventually(async () => (await deliveryStates(client)).delivered === 5)
    expect(raw.requests).toHaveLength(5)
    expect((await client.query('select number, error from outbox.attempts')).rows).toEqual(
      Array(5).fill({ number: 1, error: null }),
    )
  })

  test('a receiver that answers after the timeout gets the webhook again', async () => {
    const first = Promise.withResolvers<void>()
    const { db, client, receiver } = await setUp(
      async ({ nth }) => {
        if (nth === 1) await first.promise
        return 200
      },
      { timeout_seconds: 0.3 },
    )
    await startTestListener(db.url, quick)
    await emit(client)
    await receiver.waitFor(2)
    first.resolve()
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
    const { rows } = await client.query('select number, error from outbox.attempts order by number')
    expect(rows).toEqual([
      { number: 1, error: 'timeout' },
      { number: 2, error: null },
    ])
  })

  test('a binary answer is recorded as well as text can represent it', async () => {
    const { db, client } = await setUp((_, response) => {
      response.writeHead(500).end(Buffer.from([0x61, 0, 0xff, 0xfe, 0x62]))
    })
    await startTestListener(db.url, { ...quick, OUTBOX_RETRY_SCHEDULE: '' })
    await emit(client)
    await eventually(async () => {
      const { rows } = await client.query('select response_body from outbox.attempts')
      expect(rows).toEqual([{ response_body: 'a\ufffd\ufffdb' }])
    })
  })
})

describe('edits of an endpoint', () => {
  test('an edit of url and secret under load gives each request the old pair or the new pair', async () => {
    const { db, client, receiver, endpoint } = await setUp()
    await startTestListener(db.url, quick)
    const secrets = new Map([['/0', endpoint.secret]])
    for (let n = 1; n <= 10; n++) {
      await emitAtOnce(client, 40)
      secrets.set(`/${n}`, await moveEndpoint(client, endpoint.id, `${receiver.url}/${n}`))
    }
    await eventually(async () => (await deliveryStates(client)).delivered === 400)
    for (const r of receiver.requests) {
      new Webhook(secrets.get(r.path)!).verify(r.body, r.headers as Record<string, string>)
    }
    expect(new Set(receiver.requests.map(r => r.path)).size).toBeGreaterThan(1)
  })

  test.each([
    ['pausing', `state = 'paused'`],
    ['disabling', `state = 'disabled', disabled_reason = 'manual'`],
    ['deleting', `state = 'disabled', disabled_reason = 'manual', deleted_at = now()`],
  ])('%s an endpoint lets requests in flight finish, and no other starts', async (_, change) => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver, endpoint } = await setUp(async () => {
      await hold.promise
      return 200
    })
    const listener = await startTestListener(db.url, quick)
    await emitAtOnce(client, 200)
    await receiver.waitFor(32)
    await client.query(`update outbox.endpoints set ${change} where id = $1`, [endpoint.id])
    hold.resolve()
    await eventually(async () => !(await deliveryStates(client)).sending)
    await listener.stop()
    expect(receiver.requests).toHaveLength(32)
    expect(await deliveryStates(client)).toMatchObject({ delivered: 32 })
  })
})

async function setUp(respond?: Respond, columns: Record<string, unknown> = {}) {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver(respond)
  const endpoint = await addEndpoint(client, { url: `${receiver.url}/0`, ...columns })
  return { db, client, receiver, endpoint }
}

/** A new url with a new secret, in one transaction. */
async function moveEndpoint(client: pg.Client, endpointId: EndpointId, url: string): Promise<string> {
  await client.query('begin')
  await client.query('delete from outbox.endpoint_secrets where endpoint_id = $1', [endpointId])
  const secret = await addSecret(client, endpointId)
  await client.query('update outbox.endpoints set url = $2 where id = $1', [endpointId, url])
  await client.query('commit')
  return secret
}
