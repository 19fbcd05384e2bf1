// What the listening session tells the rest of the listener. Those who need it subscribe, so the session knows none of them.
import type { EventEmitter } from 'node:events'
import type { Heartbeat } from '../../drizzle/store.ts'

export type WakeEvents = EventEmitter<{
  /** There may be new events. */
  newEvents: []
  /** Deliveries wait that another listener has no capacity for. */
  newPending: []
  /** Another listener says that it polls now. */
  peerPolls: []
  /** From now on this session hears the writers: what they said before, it has not heard. */
  onCall: []
  /** A new session listens: anything may have happened meanwhile. */
  listening: []
  /** What the heartbeat saw, and how many seconds its answer took. */
  heartbeat: [heartbeat: Heartbeat, roundTripSeconds: number]
}>
