// One wide line for each attempt, JSON on standard output. Nothing secret ever gets here: no caller hands in urls, payloads,
// parameters or signatures, so none need to be redacted.
import pino from 'pino'
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import { Output } from './output.ts'

export type Log = pino.Logger

let output: Output | null = null

export function openLog(level: string, name: string): Log {
  output ??= new Output(process.stdout)
  return pino({ level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime }, output)
}

/**
 * So many lines a second for successes, and as many for failures, so that neither crowds out the other. The rest is only
 * counted: every attempt is recorded in the database anyway, and a disk full of lines would help nobody.
 */
export class AttemptLog {
  readonly #log: Log
  readonly #perSecond: number
  #successes = 0
  #failures = 0

  constructor(log: Log, perSecond: number) {
    this.#log = log
    this.#perSecond = perSecond
  }

  note(delivery: Leased, endpoint: Endpoint, settlement: Settlement): void {
    const failed = settlement.error !== null
    const nth = failed ? ++this.#failures : ++this.#successes
    if (nth > this.#perSecond) return
    const line = asLine(delivery, endpoint, settlement)
    if (failed) this.#log.warn(line, 'attempt')
    else this.#log.info(line, 'attempt')
  }

  /** A second has passed. */
  tick(): void {
    const successes = Math.max(0, this.#successes - this.#perSecond)
    const failures = Math.max(0, this.#failures - this.#perSecond)
    if (successes > 0) this.#log.info({ successes }, 'so many more attempts, not logged one by one')
    if (failures > 0) this.#log.warn({ failures }, 'so many more attempts, not logged one by one')
    this.#successes = 0
    this.#failures = 0
  }
}

const asLine = (delivery: Leased, endpoint: Endpoint, settlement: Settlement) => ({
  event: delivery.webhookId,
  endpoint: endpoint.publicId,
  delivery: delivery.publicId,
  type: delivery.type,
  attempt: delivery.attempt,
  outcome: settlement.error ?? 'success',
  status: settlement.status,
  duration_ms: settlement.durationMs,
  decision: settlement.state === 'pending' ? 'retry' : settlement.state,
  retry_in_seconds: settlement.retryInSeconds,
})
