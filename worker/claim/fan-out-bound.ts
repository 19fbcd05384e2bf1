// The lowest id at which an event may still wait for its fan-out. Starting there, and not at zero, skips the dead index
// entries that an old snapshot keeps the database from cleaning up.
//
// The rule. A statement that fanned out everything it could see up to id B proves: an event with an id up to B that comes
// later belongs to a transaction that had its own id by then (a transaction gets its own id before its event gets one),
// one below nextXid. Once every transaction below nextXid has ended, a statement that has again fanned out everything from
// the old bound has seen all of them. From then on nothing can wait below B + 1.
import type { FanOutMeta } from '../../drizzle/store.ts'

export class FanOutBound {
  #from = 0n
  #candidate: { from: bigint; nextXid: bigint } | null = null

  get from(): bigint {
    return this.#from
  }

  /** Everything is looked at again: a second safety, and cheap once in a while. */
  reset(): void {
    this.#from = 0n
    this.#candidate = null
  }

  /** `sawAll`: it fanned out everything that its snapshot showed. */
  note(meta: FanOutMeta, sawAll: boolean): void {
    if (!sawAll) return
    if (this.#candidate !== null && meta.xmin >= this.#candidate.nextXid) {
      this.#from = this.#candidate.from
      this.#candidate = null
    }
    if (this.#candidate === null && meta.fannedTo !== null) {
      this.#candidate = { from: meta.fannedTo + 1n, nextXid: meta.nextXid }
    }
  }
}
