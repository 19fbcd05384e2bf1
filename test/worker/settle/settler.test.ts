// What the settler tells the rest of the listener about a batch, and when it writes one.
import { afterEach, expect, test, vi } from 'vitest'
import type { EventId, Settlement } from '../../../delivery/types.ts'
import { openLog } from '../../../worker/observability/log.ts'
import { Settler } from '../../../worker/settle/settler.ts'
import { leased } from '../../support/attempts.ts'
import { failure, success } from '../../support/settlements.ts'

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

afterEach(() => void vi.useRealTimers())

const first = (eventId: string) => success(leased({ eventId: eventId as EventId, group: eventId as EventId }))

/** A settler whose database takes everything at once, and the events of each batch that it took. */
function recording() {
  const batches: string[][] = []
  const settler = new Settler({
    store: {
      settleIfLeased: async batch => {
        batches.push(batch.map(({ eventId }) => eventId))
        return { lost: [], unblocked: false }
      },
    },
    log: openLog('silent', 'test'),
  })
  return { settler, batches }
}

/** What has been added so far is written by then, unless it waits for a timer. */
const untilIdle = () => new Promise(resolve => setImmediate(resolve))

test('after a batch, first attempts that succeeded gather for a moment, because nobody waits for their record', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { settler, batches } = recording()
  settler.add(first('1'))
  await untilIdle()
  for (const event of ['2', '3']) {
    settler.add(first(event))
    await untilIdle()
  }
  expect(batches).toEqual([['1']])
  vi.runAllTimers()
  await untilIdle()
  expect(batches).toEqual([['1'], ['2', '3']])
})

test('what others may wait for is written at once, with all that has gathered', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { settler, batches } = recording()
  settler.add(first('1'))
  await untilIdle()
  settler.add(first('2'))
  settler.add(success(leased({ eventId: '3' as EventId })))
  await untilIdle()
  expect(batches).toEqual([['1'], ['2', '3']])
})
