// The failure road: every minute this function delivers what is due, with the listener's own statements and its own
// deliver(). While a listener lives that is next to nothing; while none does it is everything.

import { deliver } from '../../delivery/deliver.ts'
import { openEndpoint } from '../../delivery/endpoint.ts'
import { timingPadMs } from '../../delivery/redact.ts'
import { rewrap } from '../../delivery/rewrap.ts'
import { integer } from '../../delivery/settings.ts'
import { ed25519Signer, hmacSigner } from '../../delivery/signature.ts'
import type { Endpoint, EndpointId, Leased, Settlement } from '../../delivery/types.ts'
import { userAgent } from '../../delivery/version.ts'
import { createStore, type Store } from '../../drizzle/store.ts'
import { openDatabase } from '../db.ts'
import { type Env, readSettings, type Settings } from '../settings.ts'
import { fetchTransport } from './transport.ts'

/** The platform lets this many requests of one invocation wait for their headers; a seventh would queue unseen. */
const maxInFlight = 6
/** The next run starts in a minute: stop claiming before, so that runs seldom overlap. */
const runSeconds = 50
const claimSize = 24
const settleSize = 24
/** Requests to one endpoint at a time, so that a slow one leaves room for others. */
const maxPerEndpoint = 3
/** Deliveries of one endpoint in one claim, to begin with. */
const smallPortion = 4
const scanLimit = 200
/** Kept back for writing down what was already sent. */
const reservedSubrequests = 4
/** One batch of sealing anew, which comes after the deliveries. */
const sealingSubrequests = 2
const sealingBatch = 100

const clock = () => performance.now()

export interface Report {
  readonly rescued: number
  readonly delivered: number
  readonly failed: number
  /** While the master key is being changed: what was sealed under the new one, and what did not open. */
  readonly rewrapped: number
  readonly unopened: number
  readonly subrequests: number
  /** Why it stopped: nothing more was due, or a limit was reached and the next run goes on. */
  readonly stopped: 'nothing due' | 'time' | 'subrequests'
}

export async function redeliver(env: Env): Promise<Report> {
  const settings = await readSettings(env)
  const most = integer(env, 'OUTBOX_CRON_SUBREQUESTS', { default: 45, min: 20, max: 9_000 })
  return new Run(settings, most).finish()
}

class Run {
  readonly #settings: Settings
  readonly #store: Store
  readonly #maxSubrequests: number
  /** Master keys that only open. */
  readonly #oldKeys: readonly string[]
  readonly #lease = `cron-${crypto.randomUUID().slice(0, 8)}`
  readonly #endAt = performance.now() + runSeconds * 1000
  readonly #endpoints = new Map<EndpointId, Endpoint>()
  readonly #perEndpoint = new Map<EndpointId, number>()
  readonly #unsettled: Settlement[] = []
  #queue: Leased[] = []
  #subrequests = 0
  #leases = 0
  /** Events may wait for their fan-out. */
  #mayBeNew = true
  #portion = smallPortion
  #scanAfter: EndpointId | null = null
  #delivered = 0
  #failed = 0

  constructor(settings: Settings, maxSubrequests: number) {
    this.#settings = settings
    this.#maxSubrequests = maxSubrequests
    this.#oldKeys = settings.keyring.keyIds.slice(1)
    const database = openDatabase(settings, runSeconds + settings.delivery.requestTimeoutSeconds + 5)
    this.#store = createStore(
      (statement, parameters) => {
        this.#subrequests++
        return database.run(statement, parameters)
      },
      { sender: 'cron', clock, disableAfterSeconds: settings.delivery.disableAfterSeconds },
    )
  }

  async finish(): Promise<Report> {
    const rescued = await this.#store.rescue(500, this.#settings.delivery.retrySchedule)
    const stopped = await this.#deliverAll()
    await this.#settle()
    const sealing = await this.#rewrap()
    return {
      rescued,
      delivered: this.#delivered,
      failed: this.#failed,
      ...sealing,
      subrequests: this.#subrequests,
      stopped,
    }
  }

  async #deliverAll(): Promise<Report['stopped']> {
    const inFlight = new Set<Promise<void>>()
    let stopped: Report['stopped'] | null = this.#limit()
    while (stopped === null) {
      if (this.#queue.length === 0 && !(await this.#claim())) {
        // What is on its way may let something follow: the next event of a key, or more after a probe.
        await Promise.all(inFlight)
        if (await this.#settle()) continue
        stopped = 'nothing due'
        break
      }
      const next = this.#next()
      if (next !== undefined) {
        const attempt = this.#deliver(next).finally(() => inFlight.delete(attempt))
        inFlight.add(attempt)
      }
      const mustWait = next === undefined || inFlight.size >= maxInFlight
      if (mustWait && inFlight.size > 0) await Promise.race(inFlight)
      if (this.#unsettled.length >= settleSize) await this.#settle()
      stopped = this.#limit()
    }
    await Promise.all(inFlight)
    await this.#store.release(this.#queue)
    return stopped
  }

  /** The first whose endpoint is not busy already. */
  #next(): Leased | undefined {
    const at = this.#queue.findIndex(d => (this.#perEndpoint.get(d.endpointId) ?? 0) < maxPerEndpoint)
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0]
  }

  /** Why nothing more may be started; null = go on. */
  #limit(): 'time' | 'subrequests' | null {
    if (performance.now() > this.#endAt) return 'time'
    const reserved = reservedSubrequests + (this.#oldKeys.length > 0 ? sealingSubrequests : 0)
    return this.#subrequests + reserved >= this.#maxSubrequests ? 'subrequests' : null
  }

  /** False when nothing more is due. */
  async #claim(): Promise<boolean> {
    const left = this.#maxSubrequests - this.#subrequests - reservedSubrequests
    const leaseLimit = Math.max(1, Math.min(claimSize, left))
    const { deliveries, more } = await this.#claimDue(leaseLimit)
    const fresh = this.#mayBeNew ? await this.#fanOut(leaseLimit - deliveries.length) : []
    this.#queue = [...deliveries, ...fresh]
    await this.#open(this.#queue)
    return this.#queue.length > 0 || more || this.#mayBeNew
  }

  /** Few endpoints with much to do get larger portions, many get small ones. */
  async #claimDue(leaseLimit: number): Promise<{ deliveries: Leased[]; more: boolean }> {
    const scanAfter = this.#scanAfter
    const { deliveries, meta } = await this.#store.claim({
      ...this.#request(leaseLimit),
      scanAfter,
      scanLimit,
    })
    this.#scanAfter = meta.scanCursor
    this.#portion = deliveries.length < leaseLimit ? Math.min(claimSize, this.#portion * 2) : smallPortion
    return { deliveries, more: meta.scanCursor !== null || scanAfter !== null }
  }

  async #fanOut(leaseLimit: number): Promise<Leased[]> {
    const { deliveries, meta } = await this.#store.fanOut({
      ...this.#request(leaseLimit),
      fanOutLimit: claimSize,
      fanOutFrom: 0n,
    })
    // A guarded lane's deliveries wait for the claim that follows, which asks for new events once more.
    this.#mayBeNew = meta.fanned === claimSize || meta.leftCoordinated > 0
    return deliveries
  }

  #request(leaseLimit: number) {
    return {
      lease: `${this.#lease}:${++this.#leases}`,
      leaseSeconds: this.#settings.delivery.leaseSeconds,
      leaseLimit,
      defaultCapacity: this.#portion,
      capacities: new Map(),
      sharers: 1,
    }
  }

  /** One batch in any case, more while nothing stands against it. Over as soon as nothing is left or nothing opens. */
  async #rewrap(): Promise<Pick<Report, 'rewrapped' | 'unopened'>> {
    const report = { rewrapped: 0, unopened: 0 }
    if (this.#oldKeys.length === 0) return report
    for (let more = true; more; ) {
      const found = await this.#store.findOldSeals(this.#oldKeys, sealingBatch)
      const opened = await Promise.all(found.map(value => rewrap(value, this.#settings.keyring)))
      const sealed = await this.#store.rewrap(opened.filter(value => value !== null))
      report.rewrapped += sealed
      report.unopened = opened.filter(value => value === null).length
      more = sealed > 0 && found.length === sealingBatch && this.#limit() === null
    }
    return report
  }

  #count(id: EndpointId, change: 1 | -1): void {
    const count = (this.#perEndpoint.get(id) ?? 0) + change
    if (count === 0) this.#perEndpoint.delete(id)
    else this.#perEndpoint.set(id, count)
  }

  async #open(deliveries: readonly Leased[]): Promise<void> {
    const { keyring, delivery: defaults } = this.#settings
    const outdated = deliveries.filter(d => (this.#endpoints.get(d.endpointId)?.version ?? 0) < d.version)
    if (outdated.length === 0) return
    for (const sealed of await this.#store.readEndpoints([...new Set(outdated.map(d => d.endpointId))])) {
      this.#endpoints.set(
        sealed.id,
        await openEndpoint(sealed, { keyring, hmacSigner, ed25519Signer, defaults }),
      )
    }
  }

  async #deliver(delivery: Leased): Promise<void> {
    this.#subrequests++
    this.#count(delivery.endpointId, 1)
    const endpoint = this.#endpoints.get(delivery.endpointId)!
    const settlement = await deliver(delivery, endpoint, {
      transport: fetchTransport(this.#settings.delivery),
      now: Date.now,
      clock,
      random: Math.random,
      userAgent,
    })
    const waitMs = timingPadMs(endpoint, settlement, clock())
    if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
    this.#count(delivery.endpointId, -1)
    if (settlement.error === null) this.#delivered++
    else this.#failed++
    this.#unsettled.push(settlement)
  }

  /** True when something that had to wait may go now. */
  async #settle(): Promise<boolean> {
    const batch = this.#unsettled.splice(0)
    return batch.length > 0 && (await this.#store.settleIfLeased(batch)).unblocked
  }
}
