// A listener that sleeps and cannot start: it tries again, until it is stopped.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Awake } from '../../../worker/awake.ts'
import { SleepyListener } from '../../../worker/sleep/sleepy-listener.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Asleep, and each start from now on is as `starts` says; without an answer it succeeds. */
async function asleep() {
  const starts: (() => Promise<Awake>)[] = []
  let begun = 0
  const quiet = {
    ended: new Promise(() => {}),
    quietMs: () => 10_000,
    stop: async () => true,
  } as Partial<Awake>
  const listener = new SleepyListener({
    begin: () => {
      begun++
      return starts.shift()?.() ?? Promise.resolve(quiet as Awake)
    },
    findDueInMs: async () => null,
    show: () => {},
    afterMs: 1_000,
    times: { lookEveryMs: 3_600_000 },
    log: { info() {}, warn() {}, error() {} } as never,
  })
  await listener.start()
  await vi.advanceTimersByTimeAsync(300)
  expect(listener.isAsleep).toBe(true)
  return { listener, starts, begun: () => begun }
}

const fail = () => Promise.reject(new Error('no memory'))

test('a start that failed is tried again, as often as it fails', async () => {
  const { listener, starts, begun } = await asleep()
  starts.push(fail, fail)
  listener.ring()
  await vi.advanceTimersByTimeAsync(10_100)
  expect(begun()).toBe(4)
  expect(await listener.stop()).toBe(true)
})

test('stopped while a start fails, it starts no more', async () => {
  const { listener, starts, begun } = await asleep()
  const start = Promise.withResolvers<Awake>()
  starts.push(() => start.promise)
  listener.ring()
  const stopped = listener.stop()
  start.reject(new Error('no memory'))
  expect(await stopped).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(begun()).toBe(2)
})

test('stopped before it is to start again, it starts no more', async () => {
  const { listener, starts, begun } = await asleep()
  starts.push(fail)
  listener.ring()
  await vi.advanceTimersByTimeAsync(100)
  expect(await listener.stop()).toBe(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(begun()).toBe(2)
})
