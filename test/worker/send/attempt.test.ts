// What an attempt tells the detector of network outages.
import { expect, test } from 'vitest'
import { deliver } from '../../../delivery/deliver.ts'
import type { Settlement } from '../../../delivery/types.ts'
import { openLog } from '../../../worker/observability/log.ts'
import { createAttempt } from '../../../worker/send/attempt.ts'
import { endpoint, leased } from '../../support/attempts.ts'

const leaseMs = 30_000

test.each([
  ['within its lease is evidence about the network', leaseMs, 1],
  ['longer than its lease, because the process was frozen, is none', leaseMs + 1, 0],
])('an attempt %s', async (_, durationMs, assessments) => {
  const times = [0, durationMs, durationMs]
  const assessed: Settlement[] = []
  const settled: Settlement[] = []
  const clock = () => times.shift() ?? durationMs
  const ports = {
    send: () => {
      throw new Error('nothing is sent')
    },
    now: () => 0,
    clock,
    random: () => 0.5,
    userAgent: 'test',
  }
  const attempt = createAttempt({
    delivering: {
      deliver: (delivery, endpoint, { onSettlement, onError }) =>
        deliver(delivery, endpoint, ports, onSettlement, onError),
    },
    clock,
    detector: {
      assess(settlement) {
        assessed.push(settlement)
        return settlement
      },
    },
    settler: { add: settlement => void settled.push(settlement) },
    release: async () => {},
    metrics: { count: () => {} },
    attemptLog: { note: () => {} },
    log: openLog('silent', 'test'),
    leaseMs,
    stopping: AbortSignal.abort(),
  })
  await new Promise<void>(resolve => attempt(leased(), endpoint({ fault: 'secret_unavailable' }), resolve))
  expect(settled).toHaveLength(1)
  expect(settled[0]!.durationMs).toBe(durationMs)
  expect(assessed).toHaveLength(assessments)
})
