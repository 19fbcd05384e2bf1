// Why did it (not) fire? One test for each reason.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Leased } from '../../../delivery/types.ts'
import { addEndpoint, emit, endLeases, greedy, storeOn } from '../../support/outbox.ts'
import { failure, success } from '../../support/settlements.ts'
import { type Api, startApi } from '../api.ts'
import { fillShop } from '../shop/shop.ts'

let api: Api
let store: ReturnType<typeof storeOn>
beforeAll(async () => {
  api = await startApi()
  store = storeOn(api.db)
})
beforeEach(async () => {
  await api.db.query(
    'truncate outbox.events, outbox.fanout, outbox.delivery_rows, outbox.delivery_groups, outbox.delivered_at_once, outbox.attempt_rows, outbox.endpoint_health, outbox.endpoints cascade',
  )
})

const add = (columns: Record<string, unknown> = {}) =>
  addEndpoint(api.db, { url: 'https://a.example/hook', ...columns })
const emitOne = async (key?: string) => (await emit(api.db, 1, key ? { key: () => key } : {}))[0]!
const explained = async (id: string) => (await api.get(`/v1/events/${id}/explain`)).body.endpoints[0]
const story = async (id: string) => (await explained(id)).story as string
/** New events of a coordinated lane wait for the next claim. */
async function claim(lease: string): Promise<Leased[]> {
  const { deliveries } = await store.take(greedy(lease))
  return deliveries.length > 0 ? deliveries : (await store.take(greedy(`${lease}+`))).deliveries
}

describe('an endpoint that did not get the event', () => {
  test('wants other types', async () => {
    await add({ event_types: ['order.*'] })
    expect(await explained(await emitOne())).toMatchObject({
      verdict: 'type',
      delivery_state: null,
      story: 'Does not want test.happened: its event_types are order.*.',
    })
  })

  test("wants another tenant's", async () => {
    await add({ tenant: 'acme' })
    expect(await explained(await emitOne())).toMatchObject({
      verdict: 'tenant',
      story: 'Wants only events of tenant acme; this one is of no tenant.',
    })
  })

  test('was created later', async () => {
    const id = await emitOne()
    await add()
    expect(await explained(id)).toMatchObject({
      verdict: 'created_later',
      story: expect.stringContaining('replay'),
    })
  })

  test('was disabled, or deleted', async () => {
    const { id } = await add({ state: 'disabled', disabled_reason: 'failing' })
    const event = await emitOne()
    expect(await explained(event)).toMatchObject({
      verdict: 'disabled',
      story: expect.stringContaining('(failing)'),
    })
    await api.db.query('update outbox.endpoints set deleted_at = now() where id = $1', [id])
    expect(await explained(event)).toMatchObject({ verdict: 'deleted' })
  })

  test('will get it with the next fan-out, or would have, had it wanted it then', async () => {
    const { id } = await add()
    const event = await emitOne()
    expect(await explained(event)).toMatchObject({ verdict: 'not_fanned_out' })
    await api.db.query(`update outbox.endpoints set event_types = '{a.b}' where id = $1`, [id])
    await claim('a:1')
    await api.db.query(`update outbox.endpoints set event_types = null where id = $1`, [id])
    expect(await explained(event)).toMatchObject({ verdict: 'changed_since' })
  })
})

describe('a delivery', () => {
  test('is under way, then delivered', async () => {
    await add()
    const id = await emitOne()
    const deliveries = await claim('listener-x:1')
    expect(await story(id)).toMatch(/^Attempt 1 is under way, leased by listener-x:1 until .*Z\.$/)
    await endLeases(api.db)
    expect(await story(id)).toContain('fell silent')
    await store.settleIfLeased(deliveries.map(success))
    expect(await explained(id)).toMatchObject({ verdict: 'matched', delivery_state: 'delivered' })
    expect(await story(id)).toMatch(/^Delivered at .* with attempt 1\.$/)
  })

  test('failed and is due again, or is dead because …', async () => {
    await add()
    const id = await emitOne()
    const [first] = await claim('a:1')
    await store.settleIfLeased([failure(first!, { retryInSeconds: 600 })])
    expect(await story(id)).toMatch(/^Attempt 2 is due at .*, because attempt 1 failed with timeout\.$/)
    await api.db.query(`update outbox.delivery_rows set due_at = now()`)
    expect(await story(id)).toMatch(/^Due since .*No listener is connected/)
    const [second] = await claim('a:2')
    await store.settleIfLeased([failure(second!, { state: 'dead', retryInSeconds: null })])
    expect(await story(id)).toMatch(/^Dead since .*: attempt 2 failed with timeout/)
  })

  test('failed because the receiver refuses the signature: 401 says what to check, another status only its number', async () => {
    await add()
    const id = await emitOne()
    const [first] = await claim('a:1')
    await store.settleIfLeased([failure(first!, { retryInSeconds: 600, error: 'bad_status', status: 401 })])
    expect(await story(id)).toMatch(
      /^Attempt 2 is due at .*, because attempt 1 failed with bad_status \(401: the receiver refuses the signature: check that it has the secret/,
    )
    await api.db.query('update outbox.attempt_rows set response_status = 500')
    expect(await story(id)).toMatch(/because attempt 1 failed with bad_status \(500\)\.$/)
  })

  test('waits because the endpoint is paused', async () => {
    await add({ state: 'paused' })
    const id = await emitOne()
    await claim('a:1')
    expect(await story(id)).toBe('Waits because the endpoint is paused. Resume it.')
  })

  test('waits because the receiver asked for a pause, or because the breaker is open', async () => {
    await add({ state: 'paused' })
    const id = await emitOne()
    await claim('a:1')
    await api.db.query(`update outbox.endpoints set state = 'active'`)
    await api.db.query(
      `update outbox.endpoint_health set failures = 10, failing_since = now(), probe_at = '2100-01-01T00:00:00Z'`,
    )
    expect(await story(id)).toBe(
      'The circuit breaker is open after 10 failures: one probe goes out at 2100-01-01T00:00:00Z, the rest waits for its success.',
    )
    await api.db.query(`update outbox.endpoint_health set not_before = '2100-01-01T00:00:00Z'`)
    expect(await story(id)).toContain('(Retry-After): nothing goes to it before 2100-01-01T00:00:00Z.')
  })

  test('waits behind an earlier event of the same key, and of no other', async () => {
    await add({ ordering: 'key' })
    const [first, second, other] = [await emitOne('k1'), await emitOne('k1'), await emitOne('k2')]
    await claim('a:1')
    expect(await story(second!)).toBe(
      `Waits behind event ${first} of the same key (k1), whose delivery is sending.`,
    )
    expect(await story(other!)).toContain('under way')
  })

  test('waits for a slot of its rate, or for capacity', async () => {
    await add({ rate_per_second: 0.01 })
    const [, limited] = [await emitOne(), await emitOne()]
    await claim('a:1')
    expect(await story(limited)).toMatch(/^Rate-limited to 0\.01 per second: the next free slot is at .*Z\.$/)
    await api.db.query(`update outbox.endpoints set rate_per_second = null, max_in_flight = 1`)
    expect(await story(limited)).toMatch(/^1 of 1 requests at a time are under way/)
  })
})

test('an event that does not exist is 404, however its id is wrong', async () => {
  for (const id of [
    'evt_00000000000004d2a1b2c3d4',
    'evt_ffffffffffffffffffffffff',
    'nope',
    'ep_00000000000004d2a1b2c3d4',
  ])
    expect((await api.get(`/v1/events/${id}/explain`)).status, id).toBe(404)
})

describe('a row that made no event', () => {
  beforeEach(async () => {
    api = await startApi()
    await fillShop(api.db)
    await api.db.query(`insert into orders (id, client_id) values (17, 1)`)
  })
  const broken = async (table: string, key: string) =>
    (
      (await api.get(`/v1/explain?table=${table}&key=${key}`)).body.findings as {
        holds: boolean
        finding: string
      }[]
    )
      .filter(({ holds }) => !holds)
      .map(({ finding }) => finding)
  const captured = ['delete', 'truncate'].map(
    o => `${o} is not captured: it is not among the watched operations.`,
  )

  test('belongs to a table that is not watched, or that does not exist', async () => {
    expect(await broken('clients', 'clients/1')).toEqual([expect.stringContaining('is not watched')])
    expect(await broken('nope', 'nope/1')).toEqual([expect.stringContaining('There is no table nope')])
  })

  test('lost its trigger, or has it disabled', async () => {
    await api.db.query(`alter table orders disable trigger "00_outbox_update"`)
    expect(await broken('orders', 'orders/17')).toContainEqual(
      'The trigger for update on public.orders is disabled. ALTER TABLE public.orders ENABLE TRIGGER "00_outbox_update".',
    )
    await api.db.query(`drop trigger "00_outbox_update" on orders`)
    expect(await broken('orders', 'orders/17')).toContainEqual(
      expect.stringContaining('update on public.orders is missing'),
    )
  })

  test('is dropped by the condition, or does not exist', async () => {
    await api.db.query(`select outbox.watch('clients', condition => 'NEW.id > 1')`)
    expect(await broken('public.clients', 'clients/1')).toContain(
      'The condition drops update of this row, as it is now: NEW.id > 1',
    )
    expect(await broken('orders', 'orders/99')).toContainEqual(
      expect.stringContaining('There is no row with the key'),
    )
    expect(await broken('orders', 'orders/x')).toContainEqual(
      expect.stringContaining('There is no row with the key'),
    )
  })

  test('was changed while capture was off', async () => {
    await api.db.query(
      `begin; set local outbox.capture = 'off'; insert into orders (id, client_id) values (18, 1); commit`,
    )
    expect(await broken('orders', 'orders/18')).toEqual([
      ...captured,
      expect.stringContaining('outbox.capture = off'),
    ])
  })

  test('made one after all, if every condition passes', async () => {
    expect(await broken('orders', 'orders/17')).toEqual(captured)
  })
})
