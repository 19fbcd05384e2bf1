// A receiver that refuses the first two tries of each webhook, as with a cold cache behind it: it gets every webhook, though
// each of them fails twice and the circuit breaker opens.
import { expect, test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'

test('fifty webhooks reach a receiver that refuses the first two tries of each, with ten probes at most', async () => {
  const { db, client, receiver } = await setUp(({ nth }) => (nth <= 2 ? 503 : 200))
  const shortened = shortenPauses(await db.connect(), 10)
  await startTestListener(db.url, { OUTBOX_RETRY_SCHEDULE: '0.2,0.2,0.2', OUTBOX_POLL_SECONDS: '0.2' })
  await emitAtOnce(client, 50)
  await eventually(async () => (await deliveryStates(client)).delivered === 50, { timeoutMs: 40_000 })
  expect(receiver.requests).toHaveLength(150)
  expect(shortened()).toBeGreaterThan(0)
})

/** The pauses of the breaker, 5 s and more, are over at once; but only so many of them. Returns how many were. */
function shortenPauses(client: Awaited<ReturnType<typeof setUp>>['client'], max: number): () => number {
  let count = 0
  let running = Promise.resolve()
  const timer = setInterval(() => {
    running = running.then(async () => {
      if (count === max) return
      const { rowCount } = await client.query(
        `update outbox.endpoint_health set probe_at = clock_timestamp()
         where probe_at > clock_timestamp() + interval '1 second' and not probing`,
      )
      count += rowCount ?? 0
    })
  }, 100)
  atEnd(async () => {
    clearInterval(timer)
    await running
  })
  return () => count
}
