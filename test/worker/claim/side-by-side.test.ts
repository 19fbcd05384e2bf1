// A fan-out while a claim is under way, on real Postgres: the answer of the claim is held back until the test has seen what
// the fan-out did. Nothing claims again by time alone.
import { expect, test } from 'vitest'
import type { Endpoint } from '../../../delivery/endpoint.ts'
import type { Leased } from '../../../delivery/types.ts'
import type { ClaimRequest } from '../../../drizzle/store.ts'
import { ClaimLoop } from '../../../worker/claim/claim-loop.ts'
import { FanOutLoop } from '../../../worker/claim/fan-out-loop.ts'
import { Leasing } from '../../../worker/claim/leasing.ts'
import { Lanes } from '../../../worker/lanes/lanes.ts'
import { openLog } from '../../../worker/observability/log.ts'
import { atEnd } from '../../support/cleanup.ts'
import { freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, deliveryStates, emit, storeOn } from '../../support/outbox.ts'

test('an event that its lane has capacity for leaves at once, also while a claim is under way', async () => {
  const { started, holdClaim, emitOne } = await oneInFlight({ maxInFlight: 8 })
  const { release } = await holdClaim()
  await emitOne()
  await eventually(() => expect(started).toHaveLength(2), { timeoutMs: 5_000 })
  release()
})

test('an event that had to stay pending because a claim had reserved the capacity leaves as soon as that claim ends', async () => {
  const { client, started, holdClaim, emitOne } = await oneInFlight({ maxInFlight: 2 })
  const { release } = await holdClaim()
  await emitOne()
  await eventually(async () => expect(await deliveryStates(client)).toEqual({ sending: 1, pending: 1 }))
  expect(started).toHaveLength(1)
  release()
  await eventually(() => expect(started).toHaveLength(2), { timeoutMs: 5_000 })
})

/** Fan-out and claim of one listener, with one delivery in flight that never ends. */
async function oneInFlight({ maxInFlight }: { maxInFlight: number }) {
  const db = await freshDatabase()
  const client = await db.connect()
  const { id } = await addEndpoint(client, { url: 'https://a.example', max_in_flight: maxInFlight })
  const [store, claimStore] = [storeOn(await db.connect()), storeOn(await db.connect())]
  const started: Leased[] = []
  let rests = 0
  const lanes = new Lanes({
    attempt(delivery) {
      started.push(delivery)
      return new Promise(() => {})
    },
    release: store.release,
    clock: () => performance.now(),
  })
  const leasing = new Leasing({
    lanes,
    endpointCache: {
      load: async () => {},
      toNumber: () => [],
      of: () => ({ id, maxInFlight, ratePerSecond: null }) as Endpoint,
    },
    number: store.number,
    release: store.release,
    onLost() {},
    name: 'a',
    leaseSeconds: 60,
  })
  let onClaimed: () => Promise<void> = async () => {}
  const claim = async (request: ClaimRequest) => {
    const claimed = onClaimed
    const answer = await claimStore.claim(request)
    await claimed()
    return answer
  }
  const log = openLog('silent', 'a')
  const claimLoop = new ClaimLoop({ store: { claim }, lanes, leasing, log, onBacklog() {} })
  const fanOutLoop = new FanOutLoop({
    store,
    lanes,
    leasing,
    claimLoop: { wake: () => claimLoop.wake(), wakeIn() {}, recheckSoon() {} },
    suppression: {
      stateAtStart: { name: 'idle' },
      note() {},
      async rest() {
        rests++
        return Infinity
      },
      reportBacklog() {},
    },
    log,
  })
  lanes.on('capacity', () => claimLoop.wake())
  claimLoop.start()
  fanOutLoop.start()
  await eventually(() => expect(rests).toBe(1))
  const emitOne = async () => {
    await emit(client)
    fanOutLoop.wake()
  }
  await emitOne()
  // It rests, so it has nothing reserved while a test begins.
  await eventually(() => expect([started.length, rests]).toEqual([1, 2]))

  /** Resolves when a claim has run, whose answer waits for `release`. */
  async function holdClaim() {
    const claimed = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    onClaimed = () => {
      claimed.resolve()
      return released.promise
    }
    atEnd(async () => {
      released.resolve()
      await Promise.all([claimLoop.stop(), fanOutLoop.stop()])
    })
    claimLoop.wake()
    await claimed.promise
    return { release: released.resolve }
  }
  return { client, started, holdClaim, emitOne }
}
