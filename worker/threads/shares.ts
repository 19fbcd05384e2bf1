// Which thread makes the next attempt. Each endpoint's attempts under way are spread evenly over the threads. So a busy
// endpoint uses all of them, and one that hangs occupies no more of one thread than of another. An endpoint with little to
// do stays with one thread, where its connection is open.
import type { EndpointId } from '../../delivery/types.ts'

/** One endpoint's attempts under way. */
interface Share {
  /** The thread that it stays with while it has little to do. */
  readonly home: number
  readonly byThread: number[]
  sum: number
}

export class Shares {
  readonly #threads: number
  /** Endpoints with nothing under way are not in it. */
  readonly #shares = new Map<EndpointId, Share>()

  constructor(threads: number) {
    this.#threads = threads
  }

  /** For one attempt, until it is released. Returns the thread, counted from 0. */
  take(endpointId: EndpointId): number {
    let share = this.#shares.get(endpointId)
    if (share === undefined) {
      share = this.#emptyShare(endpointId)
      this.#shares.set(endpointId, share)
    }
    const { byThread } = share
    let chosen = share.home
    for (let thread = 0; thread < byThread.length; thread++)
      if (byThread[thread]! < byThread[chosen]!) chosen = thread
    byThread[chosen]!++
    share.sum++
    return chosen
  }

  release(endpointId: EndpointId, thread: number): void {
    const share = this.#shares.get(endpointId)!
    share.byThread[thread]!--
    if (--share.sum === 0) this.#shares.delete(endpointId)
  }

  /** Ids are handed out one after the other, so neighbours have different homes. */
  #emptyShare(endpointId: EndpointId): Share {
    const home = Number(BigInt(endpointId) % BigInt(this.#threads))
    return { home, byThread: Array<number>(this.#threads).fill(0), sum: 0 }
  }
}
