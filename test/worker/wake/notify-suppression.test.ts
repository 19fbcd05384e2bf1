// When a listener polls and when it may go idle. test/engine/wakeup.test.ts checks that no event is lost by it.
import { expect, test } from 'vitest'
import type { FanOutMeta } from '../../../drizzle/store.ts'
import { NotifySuppression } from '../../../worker/wake/notify-suppression.ts'

const saw = (xmin: bigint, nextXid: bigint): FanOutMeta => ({
  fanned: 0,
  fannedTo: null,
  hadTurn: true,
  created: 0,
  leftPending: 0,
  fullLanes: [],
  leftToFullLanes: [],
  leftCoordinated: 0,
  nextOpenIn: null,
  xmin,
  nextXid,
})

function quiescing({ announce = async () => {}, clock = (): number => 0 } = {}) {
  const free: (() => void)[] = []
  const suppression = new NotifySuppression({
    session: {
      isOpen: true,
      isOnCall: true,
      tryLock: async () => true,
      unlock: async () => {},
      announce,
      tellPeers: async () => {},
      leave: async () => {},
    },
    watchLock: onFree => void free.push(onFree),
    onPeerStopped: () => {},
    pollSeconds: 3600,
    clock,
  })
  suppression.begin()
  return { suppression, peerStops: () => free.shift()!() }
}

test('is idle once every transaction of the first fan-out’s snapshot has ended', () => {
  const { suppression } = quiescing()
  suppression.note(saw(5n, 10n), true, suppression.stateAtStart)
  expect(suppression.state).toBe('quiescing')
  suppression.note(saw(9n, 20n), true, suppression.stateAtStart)
  expect(suppression.state).toBe('quiescing')
  suppression.note(saw(10n, 20n), true, suppression.stateAtStart)
  expect(suppression.state).toBe('idle')
})

test.each([
  ['a new session listens', ({ suppression }: ReturnType<typeof quiescing>) => suppression.begin()],
  ['a peer’s lock comes free', ({ peerStops }: ReturnType<typeof quiescing>) => peerStops()],
])('a fan-out that was running when %s proves nothing, because its snapshot is older', (_, happen) => {
  const listener = quiescing()
  const { suppression } = listener
  const before = suppression.stateAtStart
  happen(listener)
  suppression.note(saw(10n, 10n), true, before)
  expect(suppression.state).toBe('quiescing')
  // Transaction 12 checked while another listener polled, and is still in flight.
  suppression.note(saw(12n, 13n), true, suppression.stateAtStart)
  suppression.note(saw(12n, 14n), true, suppression.stateAtStart)
  expect(suppression.state).toBe('quiescing')
  suppression.note(saw(13n, 14n), true, suppression.stateAtStart)
  expect(suppression.state).toBe('idle')
})

test('starts polling and goes on working while its announcement still queues behind the notifications of writers', async () => {
  const { suppression, peerStops } = quiescing({ announce: () => new Promise(() => {}) })
  peerStops()
  suppression.note({ ...saw(5n, 10n), fanned: 100 }, true, suppression.stateAtStart)
  expect(await suppression.rest()).toBeLessThan(10)
  expect(suppression.state).toBe('polling')
})

test('who is not on call neither polls nor watches who does', async () => {
  const watched: (() => void)[] = []
  const suppression = new NotifySuppression({
    session: {
      isOpen: true,
      isOnCall: false,
      tryLock: () => Promise.reject(new Error('polls')),
      unlock: async () => {},
      announce: async () => {},
      tellPeers: () => Promise.reject(new Error('asks for help')),
      leave: async () => {},
    },
    watchLock: onFree => void watched.push(onFree),
    onPeerStopped: () => {},
    pollSeconds: 3600,
    clock: () => 0,
  })
  suppression.begin()
  suppression.note({ ...saw(5n, 10n), fanned: 1_000 }, true, suppression.stateAtStart)
  expect(await suppression.rest()).toBe(Number.POSITIVE_INFINITY)
  expect(suppression.state).toBe('idle')
  suppression.watchPeer()
  expect(watched).toEqual([])
})

test.each([
  [20, 'quiescing'],
  [30, 'polling'],
])('with %i events every 100 ms it is soon %s', async (events, state) => {
  let now = 0
  const { suppression, peerStops } = quiescing({ clock: () => now })
  peerStops()
  suppression.note({ ...saw(5n, 10n), fanned: 100 }, true, suppression.stateAtStart)
  await suppression.rest()
  expect(suppression.state).toBe('polling')
  for (let window = 0; window < 6; window++) {
    now += 100
    suppression.note({ ...saw(5n, 10n), fanned: events }, true, suppression.stateAtStart)
    await suppression.rest()
  }
  expect(suppression.state).toBe(state)
})
