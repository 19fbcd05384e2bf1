// How much a fan-out should bring, by what the lanes that get new events have free.
import type { Lane } from './lane.ts'

export interface Fit {
  readonly events: number
  /** One of these lanes has much of its capacity free, or there are none. */
  readonly isRoomy: boolean
}

/**
 * How many events a fan-out should take, so that even of the last one something can leave: by what the lanes that get
 * new events have free, and by the part of the events that each gets. What does not fit costs the database a row of its
 * own.
 */
export function eventsThatFit(lanes: Iterable<Lane>): Fit {
  const fed = [...lanes].filter(({ share }) => share > 0)
  if (fed.length === 0) return { events: Number.POSITIVE_INFINITY, isRoomy: true }
  return {
    events: Math.max(...fed.map(({ reservable, share }) => Math.ceil(reservable / share))),
    isRoomy: fed.some(({ isRoomy }) => isRoomy),
  }
}
