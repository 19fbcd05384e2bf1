// Several threads that send for one listener (OUTBOX_LISTENER_THREADS). The main thread goes on doing all the rest: it
// claims, keeps the lanes with their limits, settles, and talks to the database. So order, limits and leases are those of
// one listener, and nothing about them depends on the number of threads. What takes most of a listener's CPU is signing and
// HTTP, and that is what the threads share.
//
// A thread that dies takes the listener with it, as an error does that nobody expected in a listener without threads: what
// the others have under way is finished, and then the process ends.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased } from '../../delivery/types.ts'
import type { DeliverCallbacks, Delivering, SendSettings } from '../send/delivering.ts'
import { Shares } from './shares.ts'
import { ThreadLink } from './thread-link.ts'

/** A thread that does not answer within this time is stuck. */
const pingTimeoutMs = 2_000

export interface SendingThreadsPorts {
  readonly count: number
  readonly settings: SendSettings
  readonly clock: () => number
  /** A thread has ended by itself. Called once for each. */
  readonly onEnded: (thread: number, error: unknown) => void
}

export class SendingThreads implements Delivering {
  readonly #ports: SendingThreadsPorts
  readonly #shares: Shares
  #threads: readonly ThreadLink[] = []

  constructor(ports: SendingThreadsPorts) {
    this.#ports = ports
    this.#shares = new Shares(ports.count)
  }

  /** Rejects if one of them cannot start. */
  async start(): Promise<void> {
    const { count, settings, clock, onEnded } = this.#ports
    this.#threads = Array.from({ length: count }, (_, place) => {
      const number = place + 1
      return new ThreadLink({
        number,
        settings,
        clock,
        onOver: endpointId => this.#shares.release(endpointId, place),
        onEnded: error => onEnded(number, error),
      })
    })
    try {
      await Promise.all(this.#threads.map(thread => thread.ready()))
    } catch (error) {
      await this.close()
      throw error
    }
  }

  deliver(delivery: Leased, endpoint: Endpoint, callbacks: DeliverCallbacks): void {
    this.#threads[this.#shares.take(endpoint.id)]!.hand(delivery, endpoint, callbacks)
  }

  /** The first thread that is stuck; null = all of them answer. */
  async findStuck(): Promise<number | null> {
    const stuck = await Promise.all(this.#threads.map(thread => thread.isStuck(pingTimeoutMs)))
    const place = stuck.indexOf(true)
    return place < 0 ? null : place + 1
  }

  /** For how many seconds each has been busy, by its number. */
  busySeconds(): Map<string, number> {
    return new Map(this.#threads.map(thread => [String(thread.number), thread.busyMs / 1000]))
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.close()))
  }
}
