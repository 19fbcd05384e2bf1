// How the attempts of an endpoint are spread over the sending threads.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EndpointId } from '../../../delivery/types.ts'
import { Shares } from '../../../worker/threads/shares.ts'

const idOf = (n: number) => String(n) as EndpointId

test('an endpoint with one attempt at a time stays with its thread, and its neighbour has another', () => {
  const shares = new Shares(2)
  const threadsOf = (id: EndpointId) =>
    new Set(
      Array.from({ length: 5 }, () => {
        const thread = shares.take(id)
        shares.release(id, thread)
        return thread
      }),
    )
  const [one, other] = [threadsOf(idOf(7)), threadsOf(idOf(8))]
  expect([one.size, other.size]).toEqual([1, 1])
  expect(one).not.toEqual(other)
})

test('an id that is larger than a number holds has a thread too', () => {
  expect([0, 1, 2]).toContain(new Shares(3).take('9223372036854775807' as EndpointId))
})

test('whatever begins and ends, the next attempt of an endpoint goes where it has the fewest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 8 }),
      fc.array(fc.record({ endpoint: fc.integer({ min: 1, max: 3 }), ends: fc.boolean(), which: fc.nat() })),
      (threads, steps) => {
        const shares = new Shares(threads)
        const underWay: number[][] = [[], [], [], []]
        for (const { endpoint, ends, which } of steps) {
          const own = underWay[endpoint]!
          if (ends && own.length > 0) {
            shares.release(idOf(endpoint), own.splice(which % own.length, 1)[0]!)
            continue
          }
          const counts = Array.from({ length: threads }, (_, i) => own.filter(thread => thread === i).length)
          const thread = shares.take(idOf(endpoint))
          expect(counts[thread]).toBe(Math.min(...counts))
          own.push(thread)
        }
      },
    ),
  )
})
