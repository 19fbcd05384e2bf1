// Watches the run once a second, for the timeline, and tells whether an event has come.
import type pg from 'pg'
import { type Pulse, readPulse } from './database-record.ts'
import { LedgerReader } from './journal.ts'
import { type Request, succeeded } from './records.ts'
import { promptEndpoint } from './topology.ts'

export interface Sample extends Pulse {
  at: number
}

export class Observer {
  readonly #reader: LedgerReader<Request>
  readonly #arrived = new Map<string, Request>()
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  #requests = 0
  #successes = 0

  constructor(pool: pg.Pool, ledger: string) {
    this.#reader = new LedgerReader(ledger)
    this.#timer = setInterval(async () => {
      // No sample while the database is away.
      const pulse = await readPulse(pool).catch(() => null)
      if (pulse) this.#samples.push({ at: Date.now(), ...pulse })
    }, 1_000)
  }

  /** The first request that told of this change, at the endpoint that is never in trouble in a hush. */
  find(token: string): Request | undefined {
    this.#read()
    return this.#arrived.get(token)
  }

  inShort(): string {
    this.#read()
    const { pending = 0, sending = 0 } = this.#samples.at(-1) ?? {}
    return `${this.#requests} requests, ${this.#successes} successes, ${pending} pending, ${sending} on their way`
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
