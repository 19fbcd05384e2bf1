// Many deadlines, one timer: each request expires in time, and none is remembered for longer than it is under way.
import { expect, test } from 'vitest'
import { Deadlines } from '../../../worker/send/deadlines.ts'

const clock = () => performance.now()

/** Adds one request for each time limit; resolves with the limits in the order in which they expired. */
function startAll(deadlines: Deadlines, limits: readonly number[]) {
  const expired: number[] = []
  const { promise, resolve } = Promise.withResolvers<number[]>()
  const early: number[] = []
  const requests = limits.map(limitMs => {
    const deadline = clock() + limitMs
    const request = {
      limitMs,
      deadline,
      expire() {
        if (clock() < deadline) early.push(limitMs)
        deadlines.delete(request)
        if (expired.push(limitMs) === limits.length) resolve(expired)
      },
    }
    deadlines.add(request)
    return request
  })
  return { requests, expired, early, whenAllExpired: promise }
}

test('requests with different time limits each expire at their own, in whatever order they began', async () => {
  const deadlines = new Deadlines(clock)
  const { early, whenAllExpired } = startAll(deadlines, [400, 100, 300, 200, 250, 50])
  expect(await whenAllExpired).toEqual([50, 100, 200, 250, 300, 400])
  expect(early).toEqual([])
  expect(deadlines.size).toBe(0)
})

test('a request that is over does not expire, and those with the same time limit still do', async () => {
  const deadlines = new Deadlines(clock)
  const { requests, expired } = startAll(deadlines, [40, 40, 40])
  deadlines.delete(requests[0]!)
  deadlines.delete(requests[2]!)
  const { whenAllExpired } = startAll(deadlines, [60])
  await whenAllExpired
  expect(expired).toEqual([40])
})

test('requests that end behind one that hangs are forgotten at once', () => {
  const deadlines = new Deadlines(clock)
  startAll(deadlines, [10_000])
  const { requests } = startAll(deadlines, Array(1000).fill(10_000))
  expect(deadlines.size).toBe(1001)
  for (const request of requests) deadlines.delete(request)
  expect(deadlines.size).toBe(1)
})

test('a deadline passes although the event loop stood still when it came', async () => {
  const deadlines = new Deadlines(clock)
  const { whenAllExpired } = startAll(deadlines, [20, 10])
  const until = clock() + 50
  while (clock() < until);
  expect((await whenAllExpired).sort()).toEqual([10, 20])
})
