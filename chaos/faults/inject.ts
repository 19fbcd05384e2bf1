// What every kind of fault needs: its target, and questions to a system that may be down through another fault.
import { setTimeout as wait } from 'node:timers/promises'
import type { ListenerProcess } from '../listener-process.ts'
import type { PlannedFault } from '../plan.ts'
import type { Disruption, Fault, Replay, Skew } from '../records.ts'
import type { System } from '../system.ts'

export interface Ports {
  system: System
  /** Names of the endpoints. */
  endpoints: string[]
  note(fault: Fault): void
  noteReplay(replay: Replay): void
}

export interface Injected {
  target: string
  /** Set when the fault goes on by itself until then; otherwise it is over now. */
  until?: number
  disruptions?: Disruption[]
  skew?: Skew
}

/** Returns when the fault is over and undone. */
export type Inject = (planned: PlannedFault) => Promise<Injected>

/** Some time after the database or its link is back, every waiting sender has noticed. */
export const reconnectMs = 3_000

export class FaultContext {
  readonly system: System
  readonly noteReplay: Ports['noteReplay']
  /** Work of faults that goes on after them. */
  readonly background: Promise<unknown>[] = []
  readonly #endpoints: string[]

  constructor({ system, endpoints, noteReplay }: Ports) {
    this.system = system
    this.noteReplay = noteReplay
    this.#endpoints = endpoints
  }

  listenerOf({ target }: PlannedFault): ListenerProcess {
    return this.system.listeners[target % this.system.listeners.length]!
  }

  endpointOf({ target }: PlannedFault): string {
    return this.#endpoints[target % this.#endpoints.length]!
  }

  /** Returns whether the API did it: it may be down through another fault. */
  async change(method: string, endpoint: string, action: string, body = {}): Promise<boolean> {
    const { ask, endpointIds } = this.system
    const answer = await ask(method, `/v1/endpoints/${endpointIds.get(endpoint)}${action}`, body)
    await answer?.arrayBuffer().catch(() => {})
    return answer?.ok ?? false
  }

  /** null = the database is down through another fault. */
  async tryQuery(statement: string) {
    return this.system.pool.query(statement).then(
      result => result.rows,
      () => null,
    )
  }

  /** For what must be undone. */
  async queryUntilDone(statement: string): Promise<void> {
    while ((await this.tryQuery(statement)) === null) await wait(200)
  }
}

/** From now on for so long; of this listener's requests, or of all. */
export function disruption(forMs = 0, listener?: ListenerProcess): Disruption {
  const span = { from: Date.now(), until: Date.now() + forMs }
  return listener ? { ...span, listener: listener.name } : span
}
