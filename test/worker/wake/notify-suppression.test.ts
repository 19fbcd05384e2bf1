// When a listener may fall asleep, as a rule. That no event is lost by it, test/engine/wakeup.test.ts tries out.
import { expect, test } from 'vitest'
import type { FanOutMeta } from '../../../drizzle/store.ts'
import { NotifySuppression } from '../../../worker/wake/notify-suppression.ts'

const saw = (xmin: bigint, nextXid: bigint): FanOutMeta => ({
  fanned: 0,
  fannedTo: null,
  hadTurn: true,
  created: 0,
  leftPending: 0,
  leftCoordinated: 0,
  nextOpenIn: null,
  xmin,
  nextXid,
})

function rising({ call = async () => {}, clock = (): number => 0 } = {}) {
  const free: (() => void)[] = []
  const suppression = new NotifySuppression({
    session: { isOpen: true, tryLock: async () => true, unlock: async () => {}, call },
    watch: onFree => void free.push(onFree),
    wake: () => {},
    pollSeconds: 3600,
    clock,
  })
  suppression.begin()
  return { suppression, peerFallsSilent: () => free.shift()!() }
}

test('sleeps once every transaction of the first fan-out’s snapshot has ended', () => {
  const { suppression } = rising()
  suppression.note(saw(5n, 10n), true, suppression.stance)
  expect(suppression.state).toBe('drowsy')
  suppression.note(saw(9n, 20n), true, suppression.stance)
  expect(suppression.state).toBe('drowsy')
  suppression.note(saw(10n, 20n), true, suppression.stance)
  expect(suppression.state).toBe('asleep')
})

test.each([
  ['a new session listens', ({ suppression }: ReturnType<typeof rising>) => suppression.begin()],
  ['a peer’s lock comes free', ({ peerFallsSilent }: ReturnType<typeof rising>) => peerFallsSilent()],
])('a fan-out that was on its way when %s proves nothing: its snapshot is older', (_, happen) => {
  const scene = rising()
  const { suppression } = scene
  const before = suppression.stance
  happen(scene)
  suppression.note(saw(10n, 10n), true, before)
  expect(suppression.state).toBe('drowsy')
  // Transaction 12 looked while somebody else was awake, and is still under way.
  suppression.note(saw(12n, 13n), true, suppression.stance)
  suppression.note(saw(12n, 14n), true, suppression.stance)
  expect(suppression.state).toBe('drowsy')
  suppression.note(saw(13n, 14n), true, suppression.stance)
  expect(suppression.state).toBe('asleep')
})

test('goes awake and on with its work while its call to the peers still queues up behind the writers’ notifications', async () => {
  const { suppression, peerFallsSilent } = rising({ call: () => new Promise(() => {}) })
  peerFallsSilent()
  suppression.note({ ...saw(5n, 10n), fanned: 100 }, true, suppression.stance)
  expect(await suppression.rest()).toBeLessThan(10)
  expect(suppression.state).toBe('awake')
})

test.each([
  [20, 'drowsy'],
  [30, 'awake'],
])('with %i events in every tenth of a second it is soon %s', async (events, state) => {
  let now = 0
  const { suppression, peerFallsSilent } = rising({ clock: () => now })
  peerFallsSilent()
  suppression.note({ ...saw(5n, 10n), fanned: 100 }, true, suppression.stance)
  await suppression.rest()
  expect(suppression.state).toBe('awake')
  for (let window = 0; window < 6; window++) {
    now += 100
    suppression.note({ ...saw(5n, 10n), fanned: events }, true, suppression.stance)
    await suppression.rest()
  }
  expect(suppression.state).toBe(state)
})
