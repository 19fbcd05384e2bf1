// When a listener may fall asleep, as a rule. That no event is lost by it, test/engine/wakeup.test.ts tries out.
import { expect, test } from 'vitest'
import type { FanOutMeta } from '../../drizzle/store.ts'
import { Wakefulness } from '../../worker/wakefulness.ts'

const saw = (xmin: bigint, nextXid: bigint): FanOutMeta => ({
  fanned: 0,
  fannedTo: null,
  hadTurn: true,
  born: 0,
  bornWaiting: 0,
  bornGuarded: 0,
  nextOpenIn: null,
  xmin,
  nextXid,
})

function rising({ call = async () => {}, clock = (): number => 0 } = {}) {
  const free: (() => void)[] = []
  const wakefulness = new Wakefulness({
    session: { isOpen: true, tryLock: async () => true, unlock: async () => {}, call },
    watch: onFree => void free.push(onFree),
    wake: () => {},
    pollSeconds: 3600,
    clock,
  })
  wakefulness.begin()
  return { wakefulness, peerFallsSilent: () => free.shift()!() }
}

test('sleeps once every transaction of the first fan-out’s snapshot has ended', () => {
  const { wakefulness } = rising()
  wakefulness.note(saw(5n, 10n), true, wakefulness.stance)
  expect(wakefulness.state).toBe('drowsy')
  wakefulness.note(saw(9n, 20n), true, wakefulness.stance)
  expect(wakefulness.state).toBe('drowsy')
  wakefulness.note(saw(10n, 20n), true, wakefulness.stance)
  expect(wakefulness.state).toBe('asleep')
})

test.each([
  ['a new session listens', ({ wakefulness }: ReturnType<typeof rising>) => wakefulness.begin()],
  ['a peer’s lock comes free', ({ peerFallsSilent }: ReturnType<typeof rising>) => peerFallsSilent()],
])('a fan-out that was on its way when %s proves nothing: its snapshot is older', (_, happen) => {
  const scene = rising()
  const { wakefulness } = scene
  const before = wakefulness.stance
  happen(scene)
  wakefulness.note(saw(10n, 10n), true, before)
  expect(wakefulness.state).toBe('drowsy')
  // Transaction 12 looked while somebody else was awake, and is still under way.
  wakefulness.note(saw(12n, 13n), true, wakefulness.stance)
  wakefulness.note(saw(12n, 14n), true, wakefulness.stance)
  expect(wakefulness.state).toBe('drowsy')
  wakefulness.note(saw(13n, 14n), true, wakefulness.stance)
  expect(wakefulness.state).toBe('asleep')
})

test('goes awake and on with its work while its call to the peers still queues up behind the writers’ notifications', async () => {
  const { wakefulness, peerFallsSilent } = rising({ call: () => new Promise(() => {}) })
  peerFallsSilent()
  wakefulness.note({ ...saw(5n, 10n), fanned: 100 }, true, wakefulness.stance)
  expect(await wakefulness.rest()).toBeLessThan(10)
  expect(wakefulness.state).toBe('awake')
})

test.each([
  [20, 'drowsy'],
  [30, 'awake'],
])('with %i events in every tenth of a second it is soon %s', async (events, state) => {
  let now = 0
  const { wakefulness, peerFallsSilent } = rising({ clock: () => now })
  peerFallsSilent()
  wakefulness.note({ ...saw(5n, 10n), fanned: 100 }, true, wakefulness.stance)
  await wakefulness.rest()
  expect(wakefulness.state).toBe('awake')
  for (let window = 0; window < 6; window++) {
    now += 100
    wakefulness.note({ ...saw(5n, 10n), fanned: events }, true, wakefulness.stance)
    await wakefulness.rest()
  }
  expect(wakefulness.state).toBe(state)
})
