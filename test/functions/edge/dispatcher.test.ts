// The dispatcher's memory and its alarm, with a clock that the test turns: lost tokens, lost alarms, late consumers.
import { describe, expect, test } from 'vitest'
import { roundingMs } from '../../../delivery/sleep.ts'
import type { EndpointId } from '../../../delivery/types.ts'
import { createEdge } from '../../../functions/edge/edge.ts'
import { Tokens } from '../../../functions/edge/tokens.ts'
import { freshDatabase } from '../../support/database.ts'
import { openSql, startObject } from '../../support/durable-object.ts'
import { addEndpoint, emit, emitAtOnce, greedy, storeOn } from '../../support/outbox.ts'
import { testSettings } from '../../support/settings.ts'

const one = '1' as EndpointId
const workMs = 30_000

function memory() {
  let now = 1_000_000
  const tokens = new Tokens(openSql(), workMs, () => now)
  return {
    tokens,
    pass(milliseconds: number) {
      now += milliseconds
    },
  }
}

describe('a token', () => {
  test('begins once', () => {
    const { tokens } = memory()
    const { id } = tokens.issue(one, 6)
    expect([tokens.begin(id), tokens.begin(id), tokens.begin(id + 1)]).toEqual([true, false, false])
  })

  test('that is lost is counted for a minute; if it comes after that, it begins nothing', () => {
    const { tokens, pass } = memory()
    const { id } = tokens.issue(one, 6)
    pass(59_999)
    expect(tokens.out().get(one)).toEqual({ tokens: 1, slots: 6 })
    pass(1)
    expect(tokens.out().get(one)).toBeUndefined()
    expect(tokens.begin(id)).toBe(false)
  })

  test('whose consumer was killed is counted as long as its requests may last', () => {
    const { tokens, pass } = memory()
    const { id } = tokens.issue(one, 6)
    pass(50_000)
    tokens.begin(id)
    pass(workMs - 1)
    expect(tokens.out().get(one)).toEqual({ tokens: 1, slots: 6 })
    pass(1)
    expect(tokens.out().size).toBe(0)
  })

  test('that did not get into the queue is not counted', () => {
    const { tokens } = memory()
    tokens.takeBack([tokens.issue(one, 6)])
    expect(tokens.out().size).toBe(0)
    expect(tokens.nextEnd()).toBeNull()
  })
})

test('an endpoint is slow for five minutes after a slow answer, or until a quick one', () => {
  const { tokens, pass } = memory()
  tokens.noteSpeed(one, 2.5)
  expect(tokens.laneOf(one)).toBe('slow')
  tokens.noteSpeed(one, 0.1)
  expect(tokens.laneOf(one)).toBe('fast')
  tokens.noteSpeed(one, 2.5)
  pass(300_000)
  expect(tokens.laneOf(one)).toBe('fast')
})

/** The class itself, outside workerd, with queues that only remember. */
async function startDispatcher({ failing = false, more = {} as Record<string, unknown> } = {}) {
  const db = await freshDatabase()
  const client = await db.connect()
  const sent: unknown[] = []
  const queue = {
    async sendBatch(messages: { body: unknown }[]) {
      if (failing) throw new Error('too many requests')
      sent.push(...messages.map(({ body }) => body))
    },
  }
  let alarm: number | null = null
  const sql = openSql()
  const storage = {
    sql,
    getAlarm: async () => alarm,
    setAlarm: async (at: number) => {
      alarm = at
    },
  }
  const bindings = { OUTBOX_QUEUE: queue, OUTBOX_SLOW_QUEUE: queue, OUTBOX_DISPATCHER: {} }
  const env = { ...testSettings, ...db.env, OUTBOX_EDGE_SENDING: 'on', ...bindings, ...more } as never
  const dispatcher = new (createEdge().Dispatcher)({ storage }, env)
  return {
    client,
    sql,
    sent,
    get alarm() {
      return alarm
    },
    setAlarm: (at: number | null) => {
      alarm = at
    },
    ring: () => dispatcher.fetch(new Request('https://dispatcher/ring', { method: 'POST' })),
    async fire() {
      alarm = null
      await dispatcher.alarm()
    },
  }
}

describe('the alarm', () => {
  test('that never came is set again by the next ring', async () => {
    const dispatcher = await startDispatcher()
    dispatcher.setAlarm(Date.now() - 60_000)
    await dispatcher.ring()
    expect(dispatcher.alarm).toBeGreaterThan(Date.now() - 1_000)
  })

  test('that is about to come is left alone, so a thousand rings make one look', async () => {
    const dispatcher = await startDispatcher()
    await dispatcher.ring()
    const first = dispatcher.alarm
    for (let rings = 0; rings < 1_000; rings++) await dispatcher.ring()
    expect(dispatcher.alarm).toBe(first)
  })

  test('sends tokens for what is due, none twice, and comes again in case they are lost', async () => {
    const dispatcher = await startDispatcher()
    const { id } = await addEndpoint(dispatcher.client, { url: 'https://example.com', max_in_flight: 10 })
    await emitAtOnce(dispatcher.client, 700)
    await dispatcher.fire()
    await dispatcher.fire()
    expect(dispatcher.sent).toEqual([
      { id: 1, endpointId: id, slots: 6 },
      { id: 2, endpointId: id, slots: 4 },
    ])
    expect(dispatcher.alarm! - Date.now()).toBeGreaterThan(50_000)
  })

  test('comes again soon when a queue takes nothing, and its tokens are not counted', async () => {
    const dispatcher = await startDispatcher({ failing: true })
    await addEndpoint(dispatcher.client, { url: 'https://example.com' })
    await emitAtOnce(dispatcher.client, 5)
    for (let failures = 0; failures < 2; failures++) {
      await dispatcher.fire()
      expect(dispatcher.alarm).toBeGreaterThan(Date.now())
      expect(dispatcher.alarm).toBeLessThanOrEqual(Date.now() + 5_000)
    }
  })

  test('does not come again and again for a token that is over while nothing may be sent', async () => {
    const dispatcher = await startDispatcher({ more: { OUTBOX_EDGE_SENDING: 'off' } })
    new Tokens(dispatcher.sql, workMs, () => Date.now() - 60_000).issue(one, 6)
    await dispatcher.fire()
    expect(dispatcher.alarm).toBeNull()
  })

  /** With a delivery that is due in seven minutes, and nothing else to do. */
  async function lookAhead(more: Record<string, unknown>): Promise<{ alarm: number; dueAt: number }> {
    const dispatcher = await startDispatcher({ more })
    await addEndpoint(dispatcher.client, { url: 'https://example.com' })
    await emit(dispatcher.client)
    await storeOn(dispatcher.client).take(greedy('nobody:1', { leaseLimit: 0 }))
    const { rows } = await dispatcher.client.query(
      `update outbox.delivery_rows set due_at = clock_timestamp() + interval '7 minutes'
       returning extract(epoch from due_at)::float8 * 1000 as due_at`,
    )
    await dispatcher.fire()
    expect(dispatcher.sent).toEqual([])
    return { alarm: dispatcher.alarm!, dueAt: rows[0].due_at }
  }

  test('comes when the next delivery is due', async () => {
    const { alarm, dueAt } = await lookAhead({})
    expect(Math.abs(alarm - dueAt)).toBeLessThan(1_000)
  })

  test('shares full five minutes with other wake-ups where a doorbell lets the database sleep', async () => {
    const { binding } = startObject(createEdge().Doorbell, () => ({}))
    const { alarm, dueAt } = await lookAhead({ OUTBOX_DOORBELL: binding })
    expect(alarm % roundingMs).toBeLessThan(1_000)
    expect(alarm - dueAt).toBeGreaterThan(-1_000)
    expect(alarm - dueAt).toBeLessThan(roundingMs)
  })
})
