// What one run of a consumer may do on a platform that limits its subrequests.
import { expect, test } from 'vitest'
import { consume } from '../../../functions/edge/consume.ts'
import { startDispatcher } from '../../support/edge-queues.ts'
import { deliveryStates, emitAtOnce } from '../../support/outbox.ts'
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

  for (let runs = 1; receiver.requests.length < 60; runs++) {
    expect(runs).toBeLessThan(60)
    await dispatcher.fire()
    while (tokens.length > 0) await consume(env, tokens.pop()!, 'fast')
  }
  expect(await deliveryStates(client)).toEqual({ delivered: 60 })
})
