// Collects settlements and writes them in batches: while one batch is on its way the next one gathers, so the load sets
// the size. A batch is kept until the database has taken it; doing it twice is harmless, because only the holder of a
// lease can settle.
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { deliveryKey } from '../../delivery/ids.ts'
import type { Settlement } from '../../delivery/types.ts'
import { isGrouped } from '../../drizzle/settle-batch.ts'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import { pauseAfter } from '../loop.ts'
import type { Log } from '../observability/log.ts'
import { WakeSignal } from '../wake/wake-signal.ts'

const batchSize = 500
/** Between two batches: fewer and larger ones cost the database less, which has more time for new events then. */
const gatherMs = 8
/** After a smaller batch it does not gather while something may wait for a record: the next event of the same key, or a probe. */
const busyBatch = 40

export interface SettlerPorts {
  readonly store: Pick<Store, 'settleIfLeased'>
  readonly log: Log
}

type SettlerEvents = {
  /** The database does not take settlements, because of this SQLSTATE, */
  stalled: [sqlstate: string]
  /** and takes them again. */
  recovered: []
  /** Those whose lease held. `unblocked`: something that had to wait may go now. */
  settled: [settlements: readonly Settlement[], unblocked: boolean]
}

export class Settler extends EventEmitter<SettlerEvents> {
  readonly #ports: SettlerPorts
  #waiting: Settlement[] = []
  #flushing: Promise<void> | null = null
  readonly #urgent = new WakeSignal()
  #abandoned = false
  #stalled = false

  constructor(ports: SettlerPorts) {
    super()
    this.#ports = ports
  }

  add(settlement: Settlement): void {
    this.#waiting.push(settlement)
    if (!isGrouped(settlement)) this.#urgent.notify()
    this.#flushing ??= this.#flush()
  }

  /** The database did not take the last batch. */
  get isStalled(): boolean {
    return this.#stalled
  }

  /** How many attempts are made but not yet recorded. */
  get size(): number {
    return this.#waiting.length
  }

  async drained(): Promise<void> {
    await this.#flushing
  }

  /** Gives up on what the database does not take: the leases run out, and the deliveries are tried again. */
  abandon(): void {
    this.#abandoned = true
  }

  async #flush(): Promise<void> {
    await null // what is settled in the same turn of the event loop goes together
    while (this.#waiting.length > 0 && !this.#abandoned) {
      const batch = this.#waiting.slice(0, batchSize)
      await this.#write(batch)
      this.#waiting = this.#waiting.slice(batch.length)
      if (this.#waiting.length < batchSize) await this.#gather(batch)
    }
    this.#flushing = null
  }

  async #gather(previous: readonly Settlement[]): Promise<void> {
    if (previous.length >= busyBatch) await sleep(gatherMs)
    else await this.#urgent.wait(gatherMs)
  }

  async #write(batch: readonly Settlement[]): Promise<void> {
    const { store, log } = this.#ports
    for (let tries = 0; !this.#abandoned; tries++) {
      try {
        const { lost, unblocked } = await store.settleIfLeased(batch)
        if (tries > 0) this.#recover()
        if (lost.length > 0)
          log.warn({ deliveries: lost.length }, 'settled too late: another sender holds them by now')
        this.emit('settled', withoutLost(batch, lost), unblocked)
        return
      } catch (error) {
        const code = sqlstate(error)
        this.#stall(code)
        log.error({ statement: 'settle', sqlstate: code, attempts: batch.length }, 'will try again')
        await sleep(pauseAfter(tries))
      }
    }
  }

  #stall(code: string): void {
    this.#stalled = true
    this.emit('stalled', code)
  }

  #recover(): void {
    this.#stalled = false
    this.emit('recovered')
  }
}

/** A lost lease changed nothing about its delivery, so what its settlement says of the next attempt is not so. */
function withoutLost(
  batch: readonly Settlement[],
  lost: readonly Pick<Settlement, 'endpointId' | 'eventId'>[],
): readonly Settlement[] {
  if (lost.length === 0) return batch
  const keys = new Set(lost.map(deliveryKey))
  return batch.filter(settlement => !keys.has(deliveryKey(settlement)))
}
