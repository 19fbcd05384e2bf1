// The history of the attempts under three listeners that die, freeze and have wrong clocks: in the end it equals a scan.
import { expect, test } from 'vitest'
import { wrongClock } from '../../chaos/skewed-clock.ts'
import { eventually } from '../support/eventually.ts'
import { fold, historyOf, scanOf } from '../support/history.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emitAtOnce, endLeases } from '../support/outbox.ts'
import type { Respond } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

const quick = {
  OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
  OUTBOX_LEASE_SECONDS: '5.5',
  OUTBOX_POLL_SECONDS: '0.2',
  OUTBOX_RETRY_SCHEDULE: '0.1,0.1,0.1,0.1,0.1,0.1,0.1,0.1',
}
const events = 300

test('with three listeners, one killed, one frozen past its leases, two with wrong clocks, the history is exact', async () => {
  // Of seven requests one fails, one gets no answer and one takes its time.
  const answer: Respond = async () => {
    const turn = receiver.requests.length % 7
    if (turn === 0) return null
    if (turn === 1) return 503
    if (turn === 2) await new Promise(resolve => setTimeout(resolve, 60))
    return 200
  }
  const { db, client, receiver } = await setUp(answer, { max_in_flight: 40 })
  await addEndpoint(client, { url: receiver.url, tenant: 'acme', max_in_flight: 40 })
  const start = (env: Record<string, string>) => startListenerProcess(db.url, { ...quick, ...env })
  const [killed, frozen] = await Promise.all([
    start(wrongClock({ offSeconds: 7200 })),
    start(wrongClock({ offSeconds: -7200 })),
    start({}),
  ])
  await emitAtOnce(client, events)
  await client.query(
    `select outbox.emit('test.happened', '{}'::json, null, 'acme') from generate_series(1, ${events})`,
  )
  await receiver.waitFor(40)
  killed!.signal('SIGKILL')
  frozen!.signal('SIGSTOP')
  await killed!.exited
  await endLeases(client)
  await eventually(
    async () => (await client.query(`select from outbox.attempts where error = 'interrupted'`)).rowCount! > 0,
    { timeoutMs: 60_000 },
  )
  frozen!.signal('SIGCONT')
  await eventually(
    async () => {
      const { pending = 0, sending = 0 } = await deliveryStates(client)
      return pending + sending === 0
    },
    { timeoutMs: 90_000 },
  )
  await fold(client)
  for (const minutes of [1, 60] as const) {
    const history = await historyOf(client, minutes)
    expect(history).toEqual(await scanOf(client, minutes))
    expect(history.length).toBeGreaterThan(6)
  }
})
