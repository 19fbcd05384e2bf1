// The listener with a real Postgres and a real receiver: it wakes, sends, records, survives, stops.
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { maxEventBytes } from '../../delivery/body.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import {
  addEndpoint,
  deliveryStates,
  emit,
  emitAtOnce,
  greedy,
  startTestListener,
  storeOn,
} from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

describe('the listener', () => {
  test('delivers an event that is committed while it is idle, signed, once', async () => {
    const { db, client, receiver, endpoint } = await setUp()
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '3600' })
    await eventually(async () => (await listeners(client)) === 1)
    const [id] = await emit(client)
    const [request] = await receiver.waitFor(1)
    expect(request!.headers['webhook-id']).toBe(id)
    expect(request!.headers['outbox-attempt']).toBe('1')
    expect(request!.body.toString()).toMatch(
      /^\{"type":"test\.happened","timestamp":"[^"]+Z","data":\{"n": 1\}\}$/,
    )
    new Webhook(endpoint.secret).verify(request!.body, request!.headers as Record<string, string>)
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
    const { rows } = await client.query('select number, sender, response_status, error from outbox.attempts')
    expect(rows).toEqual([{ number: 1, sender: 'listener', response_status: 200, error: null }])
    expect(receiver.requests).toHaveLength(1)
  })

  test('finds events at its start that were committed while no listener ran', async () => {
    const { db, client, receiver } = await setUp()
    await emit(client, 3)
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '3600' })
    await receiver.waitFor(3)
    await eventually(async () => (await deliveryStates(client)).delivered === 3)
  })

  test('finds deliveries that other senders have released while events come, although no notification announces them', async () => {
    const { db, client, receiver } = await setUp()
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '3600' })
    await emit(client)
    await receiver.waitFor(1)
    await client.query('begin; set local outbox.notify = off')
    await emit(client)
    const other = storeOn(client)
    await other.release((await other.fanOut(greedy('other:1'))).deliveries)
    await client.query('commit')
    await emit(client)
    await receiver.waitFor(3)
  })

  test('delivers all of many events committed in one transaction, each once', async () => {
    const { db, client, receiver } = await setUp()
    await startTestListener(db.url)
    await emitAtOnce(client, 2_000)
    await eventually(async () => (await deliveryStates(client)).delivered === 2_000)
    expect(new Set(receiver.requests.map(r => r.headers['webhook-id'])).size).toBe(2_000)
    expect(receiver.requests).toHaveLength(2_000)
  })

  test('tries again after a failure, with the same id and the same bytes, then stops at the end of the schedule', async () => {
    const { db, client, receiver } = await setUp(() => 500)
    await startTestListener(db.url, { OUTBOX_RETRY_SCHEDULE: '0.05,0.05', OUTBOX_POLL_SECONDS: '3600' })
    await emit(client)
    await eventually(async () => (await deliveryStates(client)).dead === 1)
    expect(receiver.requests.map(r => r.headers['outbox-attempt'])).toEqual(['1', '2', '3'])
    expect(new Set(receiver.requests.map(r => r.headers['webhook-id'])).size).toBe(1)
    expect(new Set(receiver.requests.map(r => r.body.toString())).size).toBe(1)
    const { rows } = await client.query(
      'select number, error, response_status from outbox.attempts order by number',
    )
    expect(rows).toEqual([1, 2, 3].map(number => ({ number, error: 'bad_status', response_status: 500 })))
  })

  test('sends a large event, and lets one that is too large fail at once and visibly', async () => {
    const { db, client, receiver } = await setUp()
    await startTestListener(db.url)
    for (const bytes of [maxEventBytes - 1_000, maxEventBytes])
      await client.query(`select outbox.emit('test.large', jsonb_build_object('text', repeat('x', $1)))`, [
        bytes,
      ])
    await eventually(async () => {
      expect(await deliveryStates(client)).toEqual({ delivered: 1, dead: 1 })
    })
    expect(receiver.requests.map(({ body }) => body.length > maxEventBytes - 1_000)).toEqual([true])
    const { rows } = await client.query(`select number, error from outbox.attempts where error is not null`)
    expect(rows).toEqual([{ number: 1, error: 'body_too_large' }])
  })

  test('opens a new listening session when its session is killed, and finds what it missed', async () => {
    const { db, client, receiver } = await setUp()
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '3600' })
    await eventually(async () => (await listeners(client)) === 1)
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'listener-%'`)
    await emit(client)
    await receiver.waitFor(1)
    await eventually(async () => (await listeners(client)) === 1)
  })

  test('disables an endpoint that answers 410, and does not try again', async () => {
    const { db, client } = await setUp(() => 410)
    await startTestListener(db.url, { OUTBOX_RETRY_SCHEDULE: '0.01' })
    await emit(client)
    await eventually(async () => (await deliveryStates(client)).dead === 1)
    const { rows } = await client.query('select state, disabled_reason from outbox.endpoints')
    expect(rows).toEqual([{ state: 'disabled', disabled_reason: 'gone' }])
  })

  test('sends nothing to a paused endpoint and keeps its deliveries', async () => {
    const { db, client, receiver, endpoint } = await setUp()
    await client.query(`update outbox.endpoints set state = 'paused'`)
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '0.1' })
    await emit(client, 2)
    await eventually(async () => (await deliveryStates(client)).pending === 2)
    await client.query(`update outbox.endpoints set state = 'active' where id = $1`, [endpoint.id])
    await receiver.waitFor(2)
  })

  test('lets an endpoint whose secret cannot be opened fail visibly, and goes on with the others', async () => {
    const { db, client, receiver, endpoint } = await setUp()
    await client.query(
      'update outbox.endpoint_secrets set sealed = set_byte(sealed, 40, 1 - get_byte(sealed, 40) % 2)',
    )
    const healthy = await startReceiver()
    await addEndpoint(client, { url: healthy.url })
    await startTestListener(db.url)
    await emit(client)
    await healthy.waitFor(1)
    await eventually(async () => {
      const { rows } = await client.query('select error from outbox.attempts where endpoint_id = $1', [
        endpoint.id,
      ])
      expect(rows).toEqual([{ error: 'secret_unavailable' }])
    })
    expect(receiver.requests).toHaveLength(0)
  })

  test('on a stop finishes what is in flight, releases the rest, and sends nothing twice', async () => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver } = await setUp(async () => {
      await hold.promise
      return 200
    })
    const listener = await startTestListener(db.url)
    await emitAtOnce(client, 100)
    await receiver.waitFor(32)
    const stopping = listener.stop()
    await eventually(async () => (await deliveryStates(client)).pending === 68)
    hold.resolve()
    expect(await stopping).toBe(true)
    expect(await deliveryStates(client)).toEqual({ delivered: 32, pending: 68 })
    expect(receiver.requests).toHaveLength(32)
    await startTestListener(db.url)
    await eventually(async () => (await deliveryStates(client)).delivered === 100)
    expect(receiver.requests).toHaveLength(100)
  })

  test('says on /readyz whether it reaches the database', async () => {
    const { db } = await setUp()
    const listener = await startTestListener(db.url)
    const ask = (path: string) => fetch(`http://127.0.0.1:${listener.healthPort}${path}`)
    await eventually(async () => (await ask('/readyz')).status === 200)
    expect((await ask('/livez')).status).toBe(200)
    expect(await (await ask('/metrics')).text()).toContain('outbox_in_flight 0')
  })
})

async function setUp(respond?: Parameters<typeof startReceiver>[0]) {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver(respond)
  const endpoint = await addEndpoint(client, { url: `${receiver.url}/hook` })
  return { db, client, receiver, endpoint }
}

async function listeners(client: Awaited<ReturnType<typeof setUp>>['client']): Promise<number> {
  const { rows } = await client.query(`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and application_name like 'listener-%' and query like '%pg_listening_channels%'`)
  return rows[0].n
}
