// Gauges of the database, measured from time to time and not for each scrape: a slow statement holds up no scrape, and
// somebody who asks often costs the database nothing.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { GaugeMeaning, Sample } from '../../drizzle/gauges.ts'

/** A measurement may take this part of the time, so that a large backlog does not make the database busy with counting. */
const maxShare = 0.02
const maxPauseMs = 300_000

export interface RefreshedGaugesPorts {
  readonly meanings: Readonly<Record<string, GaugeMeaning>>
  readonly everyMs: number
  readonly read: () => Promise<Sample[]>
  /** Milliseconds that only grow. */
  readonly clock: () => number
  /** Called for the first of several failures. */
  readonly onTrouble: (error: unknown) => void
}

export class RefreshedGauges {
  readonly #ports: RefreshedGaugesPorts
  readonly #metrics = new Map<string, Gauge | Counter>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #failed = false

  constructor(registry: Registry, ports: RefreshedGaugesPorts) {
    this.#ports = ports
    for (const [name, { help, labels, isCounter }] of Object.entries(ports.meanings)) {
      const options = { name, help, labelNames: labels, registers: [registry] }
      this.#metrics.set(name, isCounter ? new Counter(options) : new Gauge(options))
    }
    // Not zero: nothing has been measured yet.
    this.#show([])
  }

  start(): void {
    void this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #refresh(): Promise<void> {
    const { everyMs, read, clock, onTrouble } = this.#ports
    const begunAt = clock()
    try {
      this.#show(await read())
      this.#failed = false
    } catch (error) {
      // An unknown value is better missing than old.
      this.#show([])
      if (!this.#failed && !this.#stopped) onTrouble(error)
      this.#failed = true
    }
    if (this.#stopped) return
    const pauseMs = Math.min(maxPauseMs, Math.max(everyMs, (clock() - begunAt) / maxShare))
    this.#timer = setTimeout(() => this.start(), pauseMs).unref()
  }

  #show(samples: readonly Sample[]): void {
    for (const [name, metric] of this.#metrics) {
      metric.reset()
      if (this.#ports.meanings[name]!.labels.length === 0) metric.remove()
    }
    for (const { name, labels, value } of samples) this.#metrics.get(name)!.inc(labels, value)
  }
}
