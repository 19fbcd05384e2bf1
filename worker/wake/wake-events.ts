// What the listening session tells the rest of the listener. Those who need it subscribe, so the session knows none of them.
import type { EventEmitter } from 'node:events'
import type { Heartbeat } from '../../drizzle/store.ts'

export type WakeEvents = EventEmitter<{
  /** There may be new events. */
  newEvents: []
  /** Another listener says that it polls now, and may want help. */
  peerPolls: []
  /** A new session listens: anything may have happened meanwhile. */
  listening: []
  /** What the heartbeat saw, and how many seconds its answer took. */
  heartbeat: [heartbeat: Heartbeat, roundTripSeconds: number]
}>
