// What one run of a consumer does, and what it leaves to others.
import { expect, test } from 'vitest'
import { consume } from '../../../functions/edge/consume.ts'
import { startDispatcher } from '../../support/edge-queues.ts'
import { addEndpoint, deliveryStates, emitAtOnce } from '../../support/outbox.ts'
import { setUp } from '../../support/topology.ts'

test('a consumer ends before its subrequests do, and what it has not sent waits for the next token', async () => {
  const { db, client, receiver } = await setUp(undefined, { max_in_flight: 60 })
  await emitAtOnce(client, 60)
  const { dispatcher, tokens, env } = startDispatcher(db, { OUTBOX_CRON_SUBREQUESTS: '40' })
  await dispatcher.fire()
  await consume(env, tokens.pop()!, 'fast')
  const sent = receiver.requests.length
  expect(sent).toBeGreaterThan(0)
  // Beside requests there are statements, and what is told to the dispatcher.
  expect(sent).toBeLessThan(40)
  expect(await deliveryStates(client)).toEqual({ delivered: sent, pending: 60 - sent })
  expect(dispatcher.alarm).toBeLessThanOrEqual(Date.now()) // it goes on at once

  for (let runs = 1; receiver.requests.length < 60; runs++) {
    expect(runs).toBeLessThan(60)
    await dispatcher.fire()
    while (tokens.length > 0) await consume(env, tokens.pop()!, 'fast')
  }
  expect(await deliveryStates(client)).toEqual({ delivered: 60 })
})

test('a token is for one endpoint: what waits for another one is left to its own tokens, which count what it may have in flight', async () => {
  const { db, client, receiver } = await setUp(undefined, { event_types: ['test.happened'] })
  await addEndpoint(client, { url: new URL('/other', receiver.url).href })
  await emitAtOnce(client, 5)
  const { dispatcher, tokens, env } = startDispatcher(db)
  await dispatcher.fire()
  expect(new Set(tokens.map(({ endpointId }) => endpointId)).size).toBe(2)
  const { endpointId } = tokens[0]!
  await consume(env, tokens[0]!, 'fast')
  const { rows } = await client.query(
    `select endpoint_id::text as id, state, count(*)::int as deliveries from outbox.deliveries group by 1, 2`,
  )
  const other = tokens.find(token => token.endpointId !== endpointId)!.endpointId
  expect(new Set(rows)).toEqual(
    new Set([
      { id: endpointId, state: 'delivered', deliveries: 5 },
      { id: other, state: 'pending', deliveries: 5 },
    ]),
  )
})
