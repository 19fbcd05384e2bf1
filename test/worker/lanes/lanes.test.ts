// What two concurrent statements may put into one lane.
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../../delivery/types.ts'
import { Lanes } from '../../../worker/lanes/lanes.ts'

const id = '1' as EndpointId
const endpointWith = (maxInFlight: number) => ({ id, maxInFlight, ratePerSecond: null }) as Endpoint
const deliveries = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ endpointId: id, eventId: `${n}`, startIn: null }) as Leased)

/** What has been resolved has had its consequences. */
const settled = () => new Promise(resolve => setImmediate(resolve))

function oneLane({ maxInFlight = 4, onRelease = async () => {}, clock = (): number => 0 } = {}) {
  const endpoint = endpointWith(maxInFlight)
  const finish: (() => void)[] = []
  const seen = { capacity: 0, awaited: 0, released: 0 }
  const lanes = new Lanes({
    attempt: (_delivery, _endpoint, onOver) => finish.push(onOver),
    release: async surplus => {
      seen.released += surplus.length
      await onRelease()
    },
    clock,
  })
  lanes.on('awaited', () => {
    seen.awaited++
  })
  lanes.on('capacity', () => {
    seen.capacity++
  })
  const bring = (
    count: number,
    what: 'new' | 'due',
    capacities = lanes.reserve(what),
    { leftMore } = { leftMore: true },
  ) => {
    lanes.add(deliveries(count), () => endpoint, { capacities, askedAt: 0, leaseMs: 10_000, leftMore })
    lanes.endReservation(capacities)
  }
  return { lanes, seen, bring, finish }
}

test('capacity that is reserved for one statement is not offered to another at the same time', () => {
  const { lanes, bring } = oneLane()
  bring(1, 'new')
  expect(lanes.reserve('new').get(id)).toMatchObject({ capacity: 3 })
  expect(lanes.reserve('due').get(id)).toMatchObject({ capacity: 0 })
})

test('neither of two statements side by side is left without capacity, and together they get no more than there is', () => {
  const { lanes, bring } = oneLane({ maxInFlight: 40 })
  bring(8, 'new')
  expect(lanes.reserve('due').get(id)).toMatchObject({ capacity: 24 })
  const fanOut = lanes.reserve('new')
  expect(fanOut.get(id)).toMatchObject({ capacity: 6 })
  lanes.endReservation(fanOut)
  expect(lanes.reserve('new').get(id)).toMatchObject({ capacity: 6 })
})

test('deliveries that a claim had to leave, because a fan-out reserved the capacity and did not need it, are claimed again', () => {
  const { lanes, seen, bring } = oneLane()
  bring(1, 'new')
  const fanOut = lanes.reserve('new')
  bring(0, 'due')
  expect(seen.capacity).toBe(0)
  bring(0, 'new', fanOut)
  expect(seen.capacity).toBe(1)
})

test('the same if the fan-out ends before the claim', () => {
  const { lanes, seen, bring } = oneLane()
  bring(1, 'new')
  const fanOut = lanes.reserve('new')
  const claim = lanes.reserve('due')
  bring(0, 'new', fanOut)
  bring(0, 'due', claim)
  expect(seen.capacity).toBe(1)
})

test('events that a fan-out had to leave, because a claim reserved the capacity and did not need it, are claimed when it ends', () => {
  const { lanes, seen, bring } = oneLane()
  bring(1, 'new')
  const claim = lanes.reserve('due')
  bring(0, 'new')
  expect(seen.capacity).toBe(0)
  bring(0, 'due', claim)
  expect(seen.capacity).toBe(1)
})

test('a claim that did not fill the lane has seen all that was left before it: nothing is claimed again for that', async () => {
  const { lanes, seen, bring, finish } = oneLane()
  bring(4, 'new')
  finish[0]!()
  await settled()
  const claim = lanes.reserve('due')
  expect(claim.get(id)).toMatchObject({ capacity: 1 })
  bring(0, 'due', claim)
  finish[1]!()
  await settled()
  expect(lanes.held).toBe(2)
  expect(seen.capacity).toBe(0)
})

test('what comes after its lease may be over is given back unsent, and claimed again; what comes just before is sent', async () => {
  const times = [9_999, 10_000]
  const { lanes, seen, bring, finish } = oneLane({ clock: () => times[0]! })
  bring(2, 'new')
  expect([finish.length, seen.released]).toEqual([2, 0])
  times.shift()
  bring(2, 'new')
  await settled()
  expect([finish.length, seen.released, lanes.held, seen.capacity]).toEqual([2, 2, 2, 1])
})

test('two statements that filled an empty lane at once: what exceeds its capacity is released', () => {
  const { lanes, seen, bring } = oneLane()
  const fanOut = lanes.reserve('new')
  const claim = lanes.reserve('due')
  bring(4, 'new', fanOut)
  bring(3, 'due', claim)
  expect(lanes.held).toBe(4)
  expect(seen.released).toBe(3)
})

test('what is released is not claimed again before the database has it', async () => {
  const released = Promise.withResolvers<void>()
  const { lanes, seen, bring, finish } = oneLane({ onRelease: () => released.promise })
  const claim = lanes.reserve('due')
  bring(4, 'new')
  bring(1, 'due', claim)
  for (const one of finish.slice(0, 4)) one()
  await settled()
  expect(lanes.held).toBe(0)
  expect(seen.capacity).toBe(1) // a fan-out that filled the lane
  released.resolve()
  await settled()
  expect(seen.capacity).toBe(2)
})

describe('a fan-out takes as many events as the lanes that get new ones have capacity for', () => {
  const fits = (share: number, free: number) => {
    const { lanes, bring } = oneLane({ maxInFlight: 40 })
    bring(40 - free, 'new')
    lanes.noteShares(100, new Map([[id, 100 * share]]))
    return lanes.eventsThatFit()
  }

  test('which is more the smaller a lane’s part of the events is', () => {
    expect(fits(1, 39)).toEqual({ events: 30, isRoomy: true })
    expect(fits(0.1, 39)).toEqual({ events: 300, isRoomy: true })
  })

  test('and says when they are nearly full', () => {
    expect(fits(1, 20)).toEqual({ events: 15, isRoomy: true })
    expect(fits(1, 19)).toEqual({ events: 15, isRoomy: false })
    expect(fits(1, 0)).toEqual({ events: 0, isRoomy: false })
  })

  test('and any number while no lane has got any lately', () => {
    let now = 0
    const { lanes, bring } = oneLane({ maxInFlight: 4, clock: () => now })
    bring(4, 'new')
    expect(lanes.eventsThatFit()).toEqual({ events: Number.POSITIVE_INFINITY, isRoomy: true })
    lanes.noteShares(4, new Map([[id, 4]]))
    expect(lanes.eventsThatFit()).toEqual({ events: 0, isRoomy: false })
    now = 2_001
    lanes.tick()
    expect(lanes.eventsThatFit()).toEqual({ events: Number.POSITIVE_INFINITY, isRoomy: true })
  })

  test('and hears once when one that it waits for has half of its capacity again', async () => {
    const { lanes, seen, bring, finish } = oneLane()
    bring(4, 'new')
    lanes.noteShares(4, new Map([[id, 4]]))
    lanes.awaitCapacity()
    finish[0]!()
    await settled()
    expect(seen.awaited).toBe(0)
    finish[1]!()
    finish[2]!()
    await settled()
    expect(seen.awaited).toBe(1)
  })
})

test('a fan-out that left nothing pending does not make the claim look for more', async () => {
  const { seen, bring, finish } = oneLane()
  bring(4, 'new', undefined, { leftMore: false })
  for (const one of finish.slice(0, 4)) one()
  await settled()
  expect(seen.capacity).toBe(0)
})
