// What two concurrent statements may put into one lane.
import { expect, test } from 'vitest'
import type { Endpoint } from '../../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../../delivery/types.ts'
import { Lanes } from '../../../worker/lanes/lanes.ts'

const id = '1' as EndpointId
const endpoint = { id, maxInFlight: 4, ratePerSecond: null } as Endpoint
const deliveries = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ endpointId: id, eventId: `${n}`, startIn: null }) as Leased)

function oneLane() {
  const seen = { capacity: 0, released: 0 }
  const lanes = new Lanes({
    attempt: () => new Promise(() => {}),
    release: async surplus => {
      seen.released += surplus.length
    },
    clock: () => 0,
  })
  lanes.on('capacity', () => {
    seen.capacity++
  })
  const bring = (count: number, what: 'new' | 'due', capacities = lanes.reserve()) => {
    lanes.add(deliveries(count), () => endpoint, capacities, { askedAt: 0, what })
    lanes.endReservation(capacities)
  }
  return { lanes, seen, bring }
}

test('capacity that is reserved for one statement is not offered to another at the same time', () => {
  const { lanes, bring } = oneLane()
  bring(1, 'new')
  expect(lanes.reserve().get(id)).toMatchObject({ capacity: 3 })
  expect(lanes.reserve().get(id)).toMatchObject({ capacity: 0 })
})

test('deliveries that a claim had to leave, because a fan-out reserved the capacity and did not need it, are claimed again', () => {
  const { lanes, seen, bring } = oneLane()
  bring(1, 'new')
  const fanOut = lanes.reserve()
  bring(0, 'due')
  expect(seen.capacity).toBe(0)
  bring(0, 'new', fanOut)
  expect(seen.capacity).toBe(1)
})

test('the same if the fan-out ends before the claim', () => {
  const { lanes, seen, bring } = oneLane()
  bring(1, 'new')
  const fanOut = lanes.reserve()
  const claim = lanes.reserve()
  bring(0, 'new', fanOut)
  bring(0, 'due', claim)
  expect(seen.capacity).toBe(1)
})

test('two statements that filled an empty lane at once: what exceeds its capacity is released', () => {
  const { lanes, seen, bring } = oneLane()
  const fanOut = lanes.reserve()
  const claim = lanes.reserve()
  bring(4, 'new', fanOut)
  bring(3, 'due', claim)
  expect(lanes.held).toBe(4)
  expect(seen.released).toBe(3)
})
