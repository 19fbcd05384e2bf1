// Leases that nothing will settle: those of statements whose answers never came, and those that other senders have let
// run out.
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

/** Longer than any statement may take (worker/database.ts). */
const mayStillRunMs = 25_000
const rescueLimit = 500

export interface LeaseRecoveryPorts {
  readonly store: Pick<Store, 'releaseLost' | 'rescue'>
  readonly log: Log
  readonly leaseSeconds: number
  /** For endpoints that have none of their own. */
  readonly retrySchedule: readonly number[]
}

export class LeaseRecovery {
  readonly #ports: LeaseRecoveryPorts
  /** Leases of statements whose answers never came. */
  #lost: { lease: string; at: number }[] = []

  constructor(ports: LeaseRecoveryPorts) {
    this.#ports = ports
  }

  /** The answer of the statement with this lease never came. */
  noteLost(lease: string): void {
    const now = performance.now()
    const leaseMs = this.#ports.leaseSeconds * 1000
    this.#lost = [...this.#lost.filter(({ at }) => now - at < leaseMs), { lease, at: now }]
  }

  /**
   * The server may have run a statement whose answer never came, even a while after the connection broke. Whether something
   * was released. Never rejects.
   */
  async releaseLost(): Promise<boolean> {
    const lost = this.#lost
    if (lost.length === 0) return false
    const { store, log } = this.#ports
    try {
      const released = await store.releaseLost(lost.map(({ lease }) => lease))
      this.#lost = this.#lost.filter(({ at }) => performance.now() - at < mayStillRunMs)
      if (released > 0)
        log.warn({ deliveries: released }, 'released what was claimed when the connection broke')
      return released > 0
    } catch (error) {
      log.error({ statement: 'release_lost', sqlstate: sqlstate(error) }, 'their leases will run out')
      return false
    }
  }

  /** Called when the heartbeat saw leases that have run out. Whether something was rescued. Never rejects. */
  async rescue(): Promise<boolean> {
    const { store, log, retrySchedule } = this.#ports
    try {
      const rescued = await store.rescue(rescueLimit, retrySchedule)
      if (rescued > 0)
        log.warn({ deliveries: rescued }, 'rescued what other senders had held past their lease')
      return rescued > 0
    } catch (error) {
      log.error({ statement: 'rescue', sqlstate: sqlstate(error) }, 'will try again at the next heartbeat')
      return false
    }
  }
}
