// What the settler tells the rest of the listener about a batch.
import { expect, test } from 'vitest'
import type { EventId, Settlement } from '../../../delivery/types.ts'
import { openLog } from '../../../worker/observability/log.ts'
import { Settler } from '../../../worker/settle/settler.ts'
import { leased } from '../../support/attempts.ts'
import { failure } from '../../support/settlements.ts'

const retried = (eventId: string) =>
  failure(leased({ eventId: eventId as EventId }), { retryInSeconds: 7, endpointGone: false })

test('a settlement whose lease was lost announces no retry, because it changed nothing', async () => {
  const [kept, late] = [retried('1'), retried('2')]
  const settler = new Settler({
    store: { settleIfLeased: async () => ({ lost: [late], unblocked: false }) },
    log: openLog('silent', 'test'),
  })
  const announced: Settlement[] = []
  settler.on('settled', settlements => void announced.push(...settlements))
  settler.add(kept)
  settler.add(late)
  await settler.drained()
  expect(announced).toEqual([kept])
  expect(settler.size).toBe(0)
})
