// Samples the database once a second for the timeline, and follows the receivers' journal.
import type pg from 'pg'
import { type OpenWork, readOpenWork } from './database-record.ts'
import { JournalReader } from './journal.ts'
import { type ReceivedRequest, succeeded } from './records.ts'
import { promptEndpoint } from './topology.ts'

export interface Sample extends OpenWork {
  at: number
}

export class Observer {
  readonly #reader: JournalReader<ReceivedRequest>
  readonly #arrived = new Map<string, ReceivedRequest>()
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  #requests = 0
  #successes = 0

  constructor(pool: pg.Pool, journal: string) {
    this.#reader = new JournalReader(journal)
    this.#timer = setInterval(async () => {
      // No sample while the database is down.
      const openWork = await readOpenWork(pool).catch(() => null)
      if (openWork) this.#samples.push({ at: Date.now(), ...openWork })
    }, 1_000)
  }

  /** The first request with this event at promptEndpoint. */
  find(token: string): ReceivedRequest | undefined {
    this.#read()
    return this.#arrived.get(token)
  }

  summary(): string {
    this.#read()
    const { pending = 0, sending = 0 } = this.#samples.at(-1) ?? {}
    return `${this.#requests} requests, ${this.#successes} successes, ${pending} pending, ${sending} sending`
  }

  stop(): Sample[] {
    clearInterval(this.#timer)
    this.#reader.close()
    return this.#samples
  }

  #read(): void {
    for (const request of this.#reader.readNew()) {
      this.#requests++
      if (succeeded(request)) this.#successes++
      if (request.endpoint === promptEndpoint && !this.#arrived.has(request.token))
        this.#arrived.set(request.token, request)
    }
  }
}
