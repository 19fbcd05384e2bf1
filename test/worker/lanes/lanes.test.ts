// What two statements at a time may put into one lane, as a rule.
import { expect, test } from 'vitest'
import type { Endpoint } from '../../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../../delivery/types.ts'
import { Lanes } from '../../../worker/lanes/lanes.ts'

const id = '1' as EndpointId
const endpoint = { id, maxInFlight: 4, ratePerSecond: null } as Endpoint
const deliveries = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ endpointId: id, eventId: `${n}`, startIn: null }) as Leased)

function scene() {
  const seen = { rooms: 0, givenBack: 0 }
  const lanes = new Lanes({
    attempt: () => new Promise(() => {}),
    giveBack: async back => {
      seen.givenBack += back.length
    },
    onRoom: () => {
      seen.rooms++
    },
    clock: () => 0,
  })
  const bring = (count: number, what: 'new' | 'due', rooms = lanes.promise()) => {
    lanes.add(deliveries(count), () => endpoint, rooms, { asked: 0, what })
    lanes.unpromise(rooms)
  }
  return { lanes, seen, bring }
}

test('room that is promised to one statement is not promised to another at the same time', () => {
  const { lanes, bring } = scene()
  bring(1, 'new')
  expect(lanes.promise().get(id)).toMatchObject({ room: 3 })
  expect(lanes.promise().get(id)).toMatchObject({ room: 0 })
})

test('what a claim had to leave, because a fan-out had the room and did not need it, is looked for again', () => {
  const { lanes, seen, bring } = scene()
  bring(1, 'new')
  const fanOut = lanes.promise()
  bring(0, 'due')
  expect(seen.rooms).toBe(0)
  bring(0, 'new', fanOut)
  expect(seen.rooms).toBe(1)
})

test('the same where the fan-out ends before the claim', () => {
  const { lanes, seen, bring } = scene()
  bring(1, 'new')
  const fanOut = lanes.promise()
  const claim = lanes.promise()
  bring(0, 'new', fanOut)
  bring(0, 'due', claim)
  expect(seen.rooms).toBe(1)
})

test('what two statements brought for a lane that was empty is given back where it is more than the lane may hold', () => {
  const { lanes, seen, bring } = scene()
  const fanOut = lanes.promise()
  const claim = lanes.promise()
  bring(4, 'new', fanOut)
  bring(3, 'due', claim)
  expect(lanes.held).toBe(4)
  expect(seen.givenBack).toBe(3)
})
