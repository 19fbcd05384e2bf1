// Endpoints with `sequence`: each delivery has a number, and the API tells which there were.
import { beforeAll, describe, expect, test } from 'vitest'
import { parseId } from '../../../delivery/ids.ts'
import { eventually } from '../../support/eventually.ts'
import { emit, startTestListener } from '../../support/outbox.ts'
import { type Respond, startReceiver } from '../../support/receiver.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,seven:read:k7:7' })
})

let made = 0
async function endpoint(settings: object = {}, respond?: Respond) {
  const receiver = await startReceiver(respond)
  const type = `numbered_${++made}`
  const { body } = await api.post('/v1/endpoints', {
    url: receiver.url,
    event_types: [type],
    sequence: true,
    retry_schedule: [0.1, 0.1],
    ...settings,
  })
  return {
    id: body.id as string,
    type,
    receiver,
    emit: (count: number) => emit(api.db, count, { type }),
    sequence: (query = '', key = 'dev') => api.get(`/v1/endpoints/${body.id}/sequence?${query}`, { key }),
  }
}

const numbersAt = ({ requests }: Awaited<ReturnType<typeof startReceiver>>) =>
  requests.map(({ headers }) => Number(headers['outbox-sequence']))
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

describe('a listener', () => {
  test('sends the number with each webhook, and the same with each attempt', async () => {
    const listener = await startTestListener(api.database.url)
    const failing = await endpoint({}, ({ nth, headers }) =>
      nth === 1 && Number(headers['outbox-sequence']) % 3 === 0 ? 500 : 200,
    )
    const ids = await failing.emit(30)
    await failing.receiver.waitFor(40)
    await listener.stop()
    expect([...new Set(numbersAt(failing.receiver))].toSorted((a, b) => a - b)).toEqual(upTo(30))
    const ofEvent = Map.groupBy(failing.receiver.requests, ({ headers }) => headers['webhook-id'])
    for (const requests of ofEvent.values())
      expect(new Set(requests.map(({ headers }) => headers['outbox-sequence'])).size).toBe(1)
    const { body } = await failing.sequence('limit=200')
    expect(body).toMatchObject({ first: 1, last: 30, waiting: 0 })
    expect(body.data.map((row: { sequence: number }) => row.sequence)).toEqual(upTo(30))
    expect(new Set(body.data.map((row: { event_id: string }) => row.event_id))).toEqual(new Set(ids))
    expect(body.data[0]).toEqual({
      sequence: 1,
      delivery_id: expect.stringMatching(/^dlv_/),
      event_id: expect.stringMatching(/^evt_/),
      type: failing.type,
      key: null,
      state: 'delivered',
    })
  })

  test('two of them give each number once, and an endpoint that asks for none gets none', async () => {
    const listeners = [await startTestListener(api.database.url), await startTestListener(api.database.url)]
    const numbered = await endpoint()
    const plain = await endpoint({ sequence: false, event_types: [numbered.type] })
    await Promise.all([
      numbered.emit(150),
      api.database.connect().then(db => emit(db, 150, { type: numbered.type })),
    ])
    await Promise.all([numbered, plain].map(({ receiver }) => receiver.waitFor(300)))
    for (const listener of listeners) await listener.stop()
    expect(numbersAt(numbered.receiver).toSorted((a, b) => a - b)).toEqual(upTo(300))
    expect(plain.receiver.requests.filter(({ headers }) => 'outbox-sequence' in headers)).toEqual([])
    const refused = await plain.sequence()
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:outbox:problem:no-sequence' } })
  })
})

test('the cron function numbers what it sends', async () => {
  const { emit, receiver } = await endpoint()
  await emit(3)
  await api.worker.scheduled()
  await receiver.waitFor(3)
  expect(numbersAt(receiver).toSorted()).toEqual(upTo(3))
})

test('who pulls is told the number, also in the header, and an interrupted delivery keeps it', async () => {
  const { emit, id } = await endpoint({ kind: 'pull', url: 'https://pull.invalid/' })
  await emit(3)
  await api.worker.scheduled() // fans out
  const pull = (more: object = {}) => api.post(`/v1/endpoints/${id}/pull`, { holder: 'a', ...more })
  const first = await pull()
  expect(first.body.data).toMatchObject(
    upTo(3).map(n => ({ sequence: n, request: { headers: { 'outbox-sequence': String(n) } } })),
  )
  const again = await pull({ resume: true })
  expect(again.body.data).toMatchObject(upTo(3).map(n => ({ sequence: n, attempt: 2 })))
})

test('the API tells those above a number, a page at a time, and what waits for its own', async () => {
  const { emit, sequence, id } = await endpoint({ max_in_flight: 1 })
  expect((await sequence()).body).toEqual({ data: [], first: null, last: 0, waiting: 0 })
  await emit(5)
  await api.worker.scheduled()
  await api.post(`/v1/endpoints/${id}/pause`, undefined)
  await emit(2)
  await eventually(async () => {
    await api.worker.scheduled()
    expect((await sequence()).body).toMatchObject({ last: 5, waiting: 2 })
  })
  const numbers = async (query: string) =>
    (await sequence(query)).body.data.map((row: { sequence: number }) => row.sequence)
  expect(await numbers('after=2')).toEqual([3, 4, 5])
  expect(await numbers('after=2&limit=2')).toEqual([3, 4])
  expect(await numbers('after=5')).toEqual([])
})

test('what has no number yet is counted as waiting, also before it is fanned out and while it is leased', async () => {
  const {
    emit: emitOf,
    sequence,
    id,
    type,
  } = await endpoint({ kind: 'pull', url: 'https://pull.invalid/', tenant: 't' })
  const other = await endpoint({ kind: 'pull', url: 'https://pull.invalid/' })
  const waiting = async () => (await sequence()).body.waiting
  await emitOf(2) // of no tenant
  expect(await waiting()).toBe(0)
  await api.db.query(`select outbox.emit($1, '{}', null, 't') from generate_series(1, 3)`, [type])
  expect([await waiting(), (await other.sequence()).body.waiting]).toEqual([3, 0])
  await api.worker.scheduled()
  expect(await waiting()).toBe(3)
  // As when a sender is killed between its lease and its numbers.
  await api.db.query(
    `update outbox.delivery_rows set state = 'sending', attempt = 1, lease = 'killed:1', leased_until = now()
     where endpoint_id = $1`,
    [parseId('ep', id)!.id],
  )
  expect(await waiting()).toBe(3)
  await api.db.query(
    `insert into outbox.delivery_groups (endpoint_id, id, event_ids, lease, leased_until, created_at)
     select endpoint_id, 1, array[1, 2], 'killed:2', now(), now() from outbox.delivery_rows where endpoint_id = $1 limit 1`,
    [parseId('ep', id)!.id],
  )
  expect(await waiting()).toBe(5)
})

test('a tenant’s key reads its own endpoint’s alone', async () => {
  const own = await endpoint({ tenant: '7' })
  const others = await endpoint()
  expect((await own.sequence('', 'k7')).status).toBe(200)
  expect((await others.sequence('', 'k7')).status).toBe(404)
  expect((await api.get('/v1/endpoints/nonsense/sequence')).status).toBe(404)
  expect((await own.sequence('after=-1')).body.errors[0].path).toBe('after')
})
