// Pull endpoints: their receiver fetches finished requests, and says what came of each.
import { beforeAll, expect, test } from 'vitest'
import { verify } from '../../../delivery/verify.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestListener } from '../../support/outbox.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await startTestListener(api.database.url)
})

let made = 0

async function pullEndpoint(settings: object = {}) {
  const name = `laptop-${++made}`
  const { status, body } = await api.post('/v1/endpoints', {
    kind: 'pull',
    name,
    url: `https://pull.invalid/${name}`,
    event_types: [`${name.replace('-', '_')}.*`],
    ...settings,
  })
  expect(status).toBe(201)
  const type = `${name.replace('-', '_')}.happened`
  return {
    ...body,
    pull: (more: object = {}) =>
      api.post(`/v1/endpoints/${body.id}/pull`, { holder: 'a', limit: 100, ...more }),
    async emit(count: number, key: string | null = null) {
      const { rows } = await api.db.query(
        `select outbox.emit($1, json_build_object('n', n), $2) as id from generate_series(1, $3) n`,
        [type, key, count],
      )
      await eventually(async () => (await api.db.query('select from outbox.fanout')).rows.length === 0)
      return rows.map(row => row.id as string)
    },
  }
}

const settle = (delivery: { id: string; lease: string }, seen: object = { status: 200 }) =>
  api.post(`/v1/deliveries/${delivery.id}/settle`, { lease: delivery.lease, duration_ms: 3, ...seen })

test('what is pulled is a finished webhook, which its secret verifies, and no sender sends it', async () => {
  const endpoint = await pullEndpoint()
  const [event] = await endpoint.emit(1)
  const { body } = await endpoint.pull()
  expect(body).toMatchObject({ state: 'active', waiting: 0, data: [{ event_id: event, attempt: 1 }] })
  const [delivery] = body.data
  const headers = new Headers(delivery.request.headers)
  const bytes = new TextEncoder().encode(delivery.request.body)
  expect(await verify(headers, bytes, [endpoint.secret], Date.now() / 1000)).toMatchObject({
    ok: true,
    webhookId: event,
  })
  expect((await endpoint.pull()).body.data).toEqual([])
  expect(await settle(delivery)).toMatchObject({ status: 204 })
  const { body: read } = await api.get(`/v1/deliveries/${delivery.id}`)
  expect(read).toMatchObject({ state: 'delivered', attempts: [{ sender: 'pull', response_status: 200 }] })
  expect(await settle(delivery)).toMatchObject({
    status: 409,
    body: { type: 'urn:outbox:problem:lease-lost' },
  })
})

test('events come in the order of their ids, and of one key one after the other', async () => {
  const plain = await pullEndpoint()
  const ids = await plain.emit(20)
  expect((await plain.pull()).body.data.map((one: { event_id: string }) => one.event_id)).toEqual(ids)
  const ordered = await pullEndpoint({ ordering: 'key' })
  const [first, second] = await ordered.emit(2, 'orders/1')
  const { body } = await ordered.pull()
  expect(body.data).toMatchObject([{ event_id: first, key: 'orders/1' }])
  await settle(body.data[0])
  expect((await ordered.pull()).body.data).toMatchObject([{ event_id: second }])
})

test('one receiver pulls at a time, until it is silent or another takes over', async () => {
  const endpoint = await pullEndpoint()
  await endpoint.emit(1)
  const { body } = await endpoint.pull({ holder: 'a' })
  expect(body.data).toHaveLength(1)
  expect(await endpoint.pull({ holder: 'b' })).toMatchObject({
    status: 409,
    body: {
      type: 'urn:outbox:problem:pull-taken',
      detail: expect.stringContaining('a pulls from this endpoint'),
    },
  })
  // What a held is given to b, and a's lease is over.
  const taken = await endpoint.pull({ holder: 'b', take_over: true })
  expect(taken.body.data).toMatchObject([{ event_id: body.data[0].event_id, attempt: 2 }])
  expect(await settle(body.data[0])).toMatchObject({ status: 409 })
  expect(await endpoint.pull({ holder: 'a' })).toMatchObject({ status: 409 })
  await api.db.query(`update outbox.pull_sessions set held_until = now() - interval '1 second'`)
  expect(await endpoint.pull({ holder: 'a' })).toMatchObject({ status: 200 })
})

test('what a holder that was started again held is given to it at once', async () => {
  const endpoint = await pullEndpoint()
  await endpoint.emit(2)
  expect((await endpoint.pull()).body.data).toHaveLength(2)
  expect((await endpoint.pull()).body.data).toEqual([])
  expect((await endpoint.pull({ resume: true })).body.data).toMatchObject([{ attempt: 2 }, { attempt: 2 }])
})

test('a lease that runs out is given out again, and nobody else takes it back', async () => {
  const endpoint = await pullEndpoint({ retry_schedule: [] })
  await endpoint.emit(1)
  const { body } = await endpoint.pull()
  await api.db.query(`update outbox.delivery_rows set leased_until = clock_timestamp() where lease = $1`, [
    body.data[0].lease,
  ])
  await api.worker.scheduled()
  const again = await endpoint.pull()
  expect(again.body.data).toMatchObject([{ id: body.data[0].id, attempt: 2 }])
  await settle(again.body.data[0])
  const { body: read } = await api.get(`/v1/deliveries/${body.data[0].id}`)
  expect(read).toMatchObject({
    state: 'delivered',
    attempts: [
      { number: 1, error: 'interrupted', sender: 'pull' },
      { number: 2, error: null },
    ],
  })
})

test('a failure is tried again on the schedule, or dead where there is none; redeliver brings it back', async () => {
  const endpoint = await pullEndpoint({ retry_schedule: [] })
  await endpoint.emit(2)
  const { body } = await endpoint.pull()
  await settle(body.data[0], { status: 500, response_body: 'no' })
  await settle(body.data[1], { error: 'connection' })
  const [refused, unreached] = await Promise.all(
    body.data.map(async ({ id }: { id: string }) => (await api.get(`/v1/deliveries/${id}`)).body),
  )
  expect(refused).toMatchObject({ state: 'dead', reason: 'bad_status', attempts: [{ response_body: 'no' }] })
  expect(unreached).toMatchObject({ state: 'dead', reason: 'connection' })
  await api.post(`/v1/deliveries/${refused.id}/redeliver`, undefined)
  expect((await endpoint.pull()).body.data).toMatchObject([{ id: refused.id, attempt: 2 }])
})

test('an endpoint that nobody pulls any more is disabled by the cron function', async () => {
  const endpoint = await pullEndpoint({ expires_after_idle_seconds: 60 })
  await endpoint.pull()
  await api.db.query(`update outbox.pull_sessions set pulled_at = now() - interval '2 minutes'`)
  expect(await api.worker.scheduled()).toBe('ok')
  const { body } = await api.get(`/v1/endpoints/${endpoint.id}`)
  expect(body).toMatchObject({ state: 'disabled', disabled_reason: 'idle' })
  expect(await endpoint.pull()).toMatchObject({
    status: 409,
    body: { type: 'urn:outbox:problem:endpoint-disabled' },
  })
})

test('a name belongs to one endpoint of a tenant, and finds it', async () => {
  const { id, name } = await pullEndpoint()
  const url = 'https://example.com/'
  expect(await api.post('/v1/endpoints', { url, name })).toMatchObject({
    status: 409,
    body: { type: 'urn:outbox:problem:name-taken' },
  })
  expect(await api.post('/v1/endpoints', { url, name, tenant: 't' })).toMatchObject({ status: 201 })
  const { body } = await api.get(`/v1/endpoints?name=${name}`)
  expect(body.data).toHaveLength(2)
  expect(await api.patch(`/v1/endpoints/${body.data[0].id}`, { tenant: null })).toMatchObject({ status: 409 })
  await api.call('DELETE', `/v1/endpoints/${id}`)
  expect(await api.patch(`/v1/endpoints/${body.data[0].id}`, { tenant: null })).toMatchObject({ status: 200 })
})

test('an endpoint of kind push is none to pull from', async () => {
  const { body } = await api.post('/v1/endpoints', { url: 'https://example.com/' })
  expect(await api.post(`/v1/endpoints/${body.id}/pull`, { holder: 'a' })).toMatchObject({ status: 404 })
})
