// How many deliveries may be claimed now, over all lanes: none while paused, and one at a time while our network is down.

/** Deliveries held at once over all lanes. */
const maxHeld = 4_000
/** Deliveries claimed in one statement, at most. */
const maxPerClaim = 500
/** Between two probes of a network that is down. Other senders send meanwhile. */
const probePauseMs = 5_000

export class Intake {
  #paused = false
  #probing = false
  #probeTimer: NodeJS.Timeout | null = null
  /** A claim was not made, or made small, because all lanes together hold enough. */
  #wasFull = false

  get isPaused(): boolean {
    return this.#paused
  }

  get isProbing(): boolean {
    return this.#probing
  }

  leaseLimit(held: number): number {
    if (this.#paused) return 0
    if (this.#probing) return held === 0 && this.#probeTimer === null ? 1 : 0
    this.#wasFull = held >= maxHeld
    return Math.min(maxPerClaim, maxHeld - held)
  }

  /** Whether lanes that were full together hold little enough to be filled again. */
  hasRecovered(held: number): boolean {
    return this.#wasFull && held <= maxHeld / 2
  }

  /** Returns whether that changes anything. */
  setPaused(paused: boolean): boolean {
    const changes = this.#paused !== paused
    this.#paused = paused
    return changes
  }

  /** Returns whether that changes anything. */
  setProbing(probing: boolean): boolean {
    const changes = this.#probing !== probing
    this.#probing = probing
    return changes
  }

  pauseProbing(onOver: () => void): void {
    this.#probeTimer ??= setTimeout(() => {
      this.#probeTimer = null
      onOver()
    }, probePauseMs).unref()
  }
}
