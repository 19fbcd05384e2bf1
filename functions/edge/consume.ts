// A consumer of the queues: takes a token, and then claims, sends and settles what is due for that endpoint, with the listener's
// own statements and its own deliver(), until nothing is due or its time is over.
import { type Send, sendThrough } from '../../delivery/send.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import { Budget } from '../cron/budget.ts'
import { findHoldFor } from '../cron/identity.ts'
import { fetchTransport } from '../cron/transport.ts'
import { openDatabase } from '../db.ts'
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'
import { clock } from '../sending/attempt.ts'
import { budgetedStore } from '../sending/budgeted-store.ts'
import { OpenEndpoints } from '../sending/endpoints.ts'
import { type Env, readSettings, type Settings } from '../settings.ts'
import { type Lane, type Report, sooner, type Token, tell } from './messages.ts'
import { sendBatch } from './send.ts'
import { slowSeconds } from './tokens.ts'

/** When a consumer claims no more: on the queue of the fast endpoints soon, so that each gets its turn. */
export const consumerSeconds: Readonly<Record<Lane, number>> = { fast: 10, slow: 40 }
/** After the last request, for recording what came of it. */
export const settlingSeconds = 10
/** After a failure such as a database that cannot be reached. */
const afterFailureSeconds = 5
/** Its begin and its end are told to the dispatcher. */
const dispatcherCalls = 2
/** A rate limit's next slot is waited for here; for a later one the dispatcher sends another token. */
const maxSlotWaitSeconds = 1
const minSlotWaitSeconds = 0.02
/** One claim takes what the slots send in about this time, */
const batchSeconds = 1
/** and no more. */
const maxBatch = 60

type Outcome = Pick<Report, 'more' | 'nextInSeconds' | 'requestSeconds'>

const nothingDone: Outcome = { more: false, nextInSeconds: null, requestSeconds: null }

/** Never throws: the queue would only bring the token again, and it begins once. */
export async function consume(env: Env, token: Token, lane: Lane): Promise<void> {
  const { id, endpointId } = token
  try {
    const settings = await readSettings(env)
    if (settings.edge === null) return log('a token came, but edge sending is off')
    const { dispatcher } = settings.edge
    if (!(await tell(dispatcher, { path: '/begin', body: { id } }))) return
    const outcome = await work(settings, token, lane).catch((error: unknown): Outcome => {
      log('a consumer failed: its leases end by themselves', { error: safeReason(error) })
      return { more: false, nextInSeconds: afterFailureSeconds, requestSeconds: null }
    })
    await tell(dispatcher, { path: '/end', body: { id, endpointId, ...outcome } })
  } catch (error) {
    log('a consumer could not reach the dispatcher: its token ends by itself', { error: safeReason(error) })
  }
}

async function work(settings: Settings, token: Token, lane: Lane): Promise<Outcome> {
  const { delivery, maxSubrequests } = settings
  const budget = new Budget(maxSubrequests, { rewraps: false, seconds: consumerSeconds[lane] })
  for (let said = 0; said < dispatcherCalls; said++) budget.spend()
  const deadlineSeconds = consumerSeconds[lane] + delivery.requestTimeoutSeconds + settlingSeconds
  const db = openDatabase(settings, { deadlineSeconds })
  try {
    // Out of a copy nothing is sent. The cron function says so, and rings again.
    if ((await findHoldFor(db, settings, budget)) !== null) return nothingDone
    const store = budgetedStore(db, settings, budget, 'edge')
    const send = sendThrough(fetchTransport(delivery))
    return await new Consumer({ store, settings, budget, send, token, lane }).run()
  } finally {
    await db.close()
  }
}

interface ConsumerPorts {
  readonly store: Store
  readonly settings: Settings
  readonly budget: Budget
  readonly send: Send
  readonly token: Token
  readonly lane: Lane
}

class Consumer {
  readonly #ports: ConsumerPorts
  readonly #endpoints: OpenEndpoints
  readonly #name = `edge-${crypto.randomUUID().slice(0, 8)}`
  #claims = 0
  #requests = 0
  #requestSeconds = 0
  /** When the first of those that failed here is due again, by clock(). */
  #retryAt = Number.POSITIVE_INFINITY

  constructor(ports: ConsumerPorts) {
    this.#ports = ports
    this.#endpoints = new OpenEndpoints(ports.store, ports.settings)
  }

  async run(): Promise<Outcome> {
    const { budget, lane } = this.#ports
    let nextInSeconds: number | null = null
    while (budget.reached === null) {
      // Others would wait behind it: the rest is for the slow queue.
      if (lane === 'fast' && this.#isSlow) return this.#outcome(true, null)
      const askedAt = clock()
      const { deliveries, meta } = await this.#claim()
      nextInSeconds = meta.nextSlotIn ?? meta.nextDueIn
      if (deliveries.length > 0) await this.#deliver(deliveries, askedAt)
      else if (meta.nextSlotIn !== null && meta.nextSlotIn <= maxSlotWaitSeconds)
        await pause(Math.max(minSlotWaitSeconds, meta.nextSlotIn))
      else return this.#outcome(false, nextInSeconds)
    }
    return this.#outcome(true, null)
  }

  /** Of an endpoint with ordering the claim does not tell when a retry is due that others wait for. */
  #outcome(more: boolean, nextSeenInSeconds: number | null): Outcome {
    const retryIn = Number.isFinite(this.#retryAt) ? Math.max(0, this.#retryAt - clock()) / 1000 : null
    return { more, nextInSeconds: sooner(nextSeenInSeconds, retryIn), requestSeconds: this.#average }
  }

  get #average(): number | null {
    return this.#requests === 0 ? null : this.#requestSeconds / this.#requests
  }

  get #isSlow(): boolean {
    return this.#average !== null && this.#average > slowSeconds
  }

  /** As many as the slots are likely to send soon, and only this endpoint's. */
  #claim() {
    const { store, settings, budget, token } = this.#ports
    const { endpointId, slots } = token
    const rounds = this.#average === null ? 1 : Math.max(1, Math.floor(batchSeconds / this.#average))
    const leaseLimit = Math.max(1, Math.min(maxBatch, slots * rounds, budget.deliveriesLeft))
    return store.claim({
      lease: `${this.#name}:${++this.#claims}`,
      leaseSeconds: settings.delivery.leaseSeconds,
      leaseLimit,
      capacities: new Map([[endpointId, { capacity: leaseLimit, held: 0 }]]),
      // The scan begins with this endpoint. If nothing of it is pending it finds another, which gets nothing.
      scanAfter: String(BigInt(endpointId) - 1n) as EndpointId,
      scanLimit: 1,
      defaultCapacity: 0,
      sharers: 1,
    })
  }

  async #deliver(deliveries: readonly Leased[], askedAt: number): Promise<void> {
    const { store, budget, send, token } = this.#ports
    const prepared = await this.#endpoints.prepare(deliveries)
    const { settlements, unsent } = await sendBatch(prepared, {
      endpoints: this.#endpoints,
      budget,
      send,
      slots: token.slots,
      askedAt,
    })
    await Promise.all([
      settlements.length > 0 ? store.settleIfLeased(settlements) : null,
      unsent.length > 0 ? store.release(unsent) : null,
    ])
    this.#requests += settlements.length
    for (const { durationMs, retryInSeconds } of settlements) {
      this.#requestSeconds += durationMs / 1000
      if (retryInSeconds !== null) this.#retryAt = Math.min(this.#retryAt, clock() + retryInSeconds * 1000)
    }
  }
}

const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000))
