// Redelivering and replaying, without HTTP.
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { formatDeliveryId, formatId } from '../../../delivery/ids.ts'
import { redeliver } from '../../../functions/deliveries/operations.ts'
import { findDelivery } from '../../../functions/deliveries/read.ts'
import { cancelReplay, startReplay } from '../../../functions/replays/operations.ts'
import { findReplay } from '../../../functions/replays/read.ts'
import { NewReplay } from '../../../functions/replays/schema.ts'
import { addEndpoint, emit, giveRows, greedy, storeOn } from '../../support/outbox.ts'
import { operator, startOperations, tenant } from '../operations.ts'

let ports: Awaited<ReturnType<typeof startOperations>>
let delivery: string
let endpoint: string
beforeAll(async () => {
  ports = await startOperations()
})

/** One endpoint with one dead delivery. */
beforeEach(async () => {
  const { client } = ports
  await client.query(
    'truncate outbox.events, outbox.endpoints, outbox.delivery_rows, outbox.delivery_groups, outbox.delivered_at_once, outbox.replays cascade',
  )
  const { id } = await addEndpoint(client, { url: 'https://example.com/' })
  await emit(client, 1)
  const { deliveries } = await storeOn(client).take(greedy('a:1'))
  const { eventId } = deliveries.find(one => one.endpointId === id)!
  await giveRows(client)
  await client.query(`update outbox.delivery_rows set state = 'dead', reason = 'timeout', lease = null,
    leased_until = null, finished_at = now()`)
  const { rows } = await client.query('select nonce from outbox.endpoints where id = $1', [id])
  delivery = formatDeliveryId(BigInt(eventId), BigInt(id))
  endpoint = formatId('ep', BigInt(id), rows[0].nonce)
})

test('a dead delivery is due again; one that is being sent stays as it is', async () => {
  const { db, client } = ports
  expect(await redeliver(db, operator, delivery)).toBe('redelivered')
  expect(await findDelivery(db, operator, delivery)).toMatchObject({ state: 'pending', reason: null })
  await storeOn(client).take(greedy('a:2'))
  expect(await redeliver(db, operator, delivery)).toBe('sending')
})

test('a delivery of a disabled endpoint, an unknown one and another tenant’s are refused', async () => {
  const { db, client } = ports
  expect(await redeliver(db, operator, 'nonsense')).toBe('unknown')
  expect(await redeliver(db, tenant('7'), delivery)).toBe('unknown')
  await client.query(`update outbox.endpoints set state = 'disabled', disabled_reason = 'gone'`)
  expect(await redeliver(db, operator, delivery)).toBe('endpoint disabled')
})

test('a replay is counted, started once, and canceled', async () => {
  const { db } = ports
  const replay = (given: object = {}) =>
    startReplay(db, operator, endpoint, NewReplay.parse({ since: '2020-01-01T00:00:00Z', ...given }))
  expect(await replay({ dry_run: true })).toEqual({ counted: { count: 1, count_is_estimate: false } })
  const started = await replay()
  expect(started).toEqual({
    started: { count: 1, count_is_estimate: false, id: expect.stringMatching(/^rpl_/) },
  })
  expect(await replay()).toBe('already running')
  const { id } = (started as { started: { id: string } }).started
  await cancelReplay(db, tenant('7'), id)
  expect(await findReplay(db, operator, id)).toMatchObject({ state: 'running' })
  await cancelReplay(db, operator, id)
  expect(await findReplay(db, operator, id)).toMatchObject({ state: 'canceled', endpoint_id: endpoint })
})

test('a replay of an impossible range or an unknown endpoint is refused', async () => {
  const { db } = ports
  const replay = (given: object, id = endpoint) =>
    startReplay(db, operator, id, NewReplay.parse({ since: '2020-01-01T00:00:00Z', ...given }))
  expect(await replay({ until: '2019-01-01T00:00:00Z' })).toEqual({
    wrongInput: { path: 'since', message: 'must not be after until' },
  })
  expect(await replay({ until: '2999-01-01T00:00:00Z' })).toEqual({
    wrongInput: { path: 'until', message: 'must not be in the future' },
  })
  expect(await replay({}, 'ep_nonsense')).toBe('unknown endpoint')
})
