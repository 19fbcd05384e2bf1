// Injects the planned faults and undoes them. Each kind says which requests it disrupts: only those may be sent again.
import type { FaultKind, PlannedFault } from '../plan.ts'
import { databaseFaults } from './database.ts'
import { endpointFaults } from './endpoints.ts'
import { FaultContext, type Inject, type Ports } from './inject.ts'
import { linkFaults } from './links.ts'
import { listenerFaults } from './listeners.ts'

export class Faults {
  readonly #note: Ports['note']
  readonly #context: FaultContext
  readonly #byKind: Record<FaultKind, Inject>

  constructor(ports: Ports) {
    this.#note = ports.note
    this.#context = new FaultContext(ports)
    this.#byKind = {
      ...listenerFaults(this.#context),
      ...databaseFaults(this.#context),
      ...linkFaults(this.#context),
      ...endpointFaults(this.#context),
    }
  }

  /** Resolves when the fault is over and undone. Cron runs and replays go on in the background. */
  async inject(planned: PlannedFault): Promise<void> {
    const from = Date.now()
    const { target, until = Date.now(), disruptions = [], skew } = await this.#byKind[planned.kind](planned)
    this.#note({ kind: planned.kind, target, from, until, disruptions, ...(skew && { skew }) })
  }

  /** Resolves when the cron runs and replays have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#context.background)
  }
}
