// One endpoint and its receiver on a virtual clock: what becomes of its webhooks, and how many requests were refused. The
// retry schedule is delivery/retry.ts, the breaker is rules.ts, and a claim chooses as claim.sql does.
import { defaultRetrySchedule, retryInSeconds } from '../../delivery/retry.ts'
import { jittered } from '../../delivery/wait.ts'
import { randomFrom } from '../random.ts'
import { type Health, healthy, prefersNearest, type Result, settled } from './rules.ts'

export interface Webhook {
  readonly id: number
  readonly key: string | null
  /** Attempts that it has used. */
  tries: number
  dueAt: number
  state: 'pending' | 'sending' | 'delivered' | 'dead'
}

export interface Answer {
  readonly accepts: boolean
  /** With a refusal: 429, and the pause it asks for. */
  readonly throttled?: boolean
  readonly retryAfter?: number
}

/** Asked when a request arrives; `webhook.tries` counts this one. */
export type Receiver = (webhook: Webhook, now: number, chance: (probability: number) => boolean) => Answer

export interface Setup {
  readonly receiver: Receiver
  readonly webhooks: number
  /** Seconds between two webhooks; 0 = all at once. */
  readonly spacing?: number
  readonly ordered?: boolean
  readonly key?: (id: number) => string
  readonly schedule?: readonly number[]
  /** none: every delivery follows its schedule. oldest: each probe takes the oldest due, and ten failures always open. */
  readonly breaker?: 'ours' | 'none' | 'oldest'
  readonly maxInFlight?: number
  readonly seed?: number
}

export interface Outcome {
  readonly delivered: number
  readonly dead: number
  readonly refused: number
  /** Seconds until nothing was pending, or null. */
  readonly drainedAfter: number | null
  /** Seconds until the endpoint was disabled, or null. */
  readonly disabledAfter: number | null
}

const answersAfter = 0.05
const disableAfter = 5 * 86_400
const horizon = 60 * 86_400

export function simulate(setup: Setup): Outcome {
  const { receiver, webhooks, spacing = 0, schedule = defaultRetrySchedule, maxInFlight = 32 } = setup
  const breaker = setup.breaker ?? 'ours'
  const dice = randomFrom(setup.seed ?? 1)
  const random = () => dice.between(0, 2 ** 30 - 1) / 2 ** 30
  const lane = new Lane(webhooks, spacing, setup)
  const inFlight: { webhook: Webhook; answer: Answer; endsAt: number }[] = []
  let health: Health = healthy
  let probeAt = 0
  let notBefore = 0
  let failingSince: number | null = null
  let refused = 0
  let now = 0

  const capacity = () => {
    if (now < notBefore) return 0
    if (breaker === 'none') return maxInFlight - inFlight.length
    if (health.open) return now >= probeAt ? 1 : 0
    return Math.min(maxInFlight, health.slowStart ?? maxInFlight) - inFlight.length
  }
  const claim = () => {
    for (let left = capacity(); left > 0; left--) {
      const webhook = health.open && breaker === 'ours' ? lane.probe(health, now, random) : lane.next(now)
      if (!webhook) return
      lane.lease(webhook)
      inFlight.push({
        webhook,
        answer: receiver(webhook, now, probability => random() < probability),
        endsAt: now + answersAfter,
      })
      if (!health.open) continue
      health = { ...health, probing: true }
      probeAt = now + 60
    }
  }
  const settle = () => {
    const ended = inFlight.filter(({ endsAt }) => endsAt <= now)
    if (ended.length === 0) return
    inFlight.splice(0, inFlight.length, ...inFlight.filter(({ endsAt }) => endsAt > now))
    const results = ended.map(({ webhook, answer }): Result => {
      const { accepts, throttled = false, retryAfter = 0 } = answer
      const wait = accepts ? null : retryInSeconds(schedule, webhook.tries, random)
      if (!accepts) {
        refused++
        notBefore = Math.max(notBefore, retryAfter && now + retryAfter)
      }
      lane.settle(
        webhook,
        accepts ? 'delivered' : wait === null ? 'dead' : 'pending',
        now + Math.max(wait ?? 0, retryAfter),
      )
      const outcome = accepts ? 'success' : throttled ? 'throttled' : 'failure'
      return { id: webhook.id, tries: webhook.tries, outcome, pending: wait !== null }
    })
    failingSince = results.some(({ outcome }) => outcome === 'success') ? null : (failingSince ?? now)
    if (breaker === 'none') return
    const rules = breaker === 'ours' ? health : { ...health, relapses: 0, triesNeeded: 1, doubtedAt: null }
    const after = settled(rules, results, { now, maxInFlight, triesOf: id => lane.triesOf(id) })
    health = after.health
    if (after.wait !== null) probeAt = now + jittered(after.wait, random)
  }

  while (now < horizon) {
    settle()
    if (failingSince !== null && now - failingSince > disableAfter)
      return { ...lane.counts(), refused, drainedAfter: null, disabledAfter: now }
    claim()
    const nextDue = lane.nextDue()
    if (inFlight.length === 0 && nextDue === null)
      return { ...lane.counts(), refused, drainedAfter: now, disabledAfter: null }
    const ends = Math.min(...inFlight.map(({ endsAt }) => endsAt))
    const mayStart =
      capacity() > 0 || now < notBefore || (breaker !== 'none' && health.open)
        ? Math.max(nextDue ?? Infinity, notBefore, breaker !== 'none' && health.open ? probeAt : 0)
        : Infinity
    const next = Math.min(ends, mayStart > now ? mayStart : Infinity)
    if (next === Infinity)
      throw new Error(
        'the simulation stands still' +
          JSON.stringify({ now, probeAt, nextDue, health, cap: capacity(), n: lane.counts() }),
      )
    now = next
  }
  return { ...lane.counts(), refused, drainedAfter: null, disabledAfter: null }
}

/** The deliveries of the endpoint; those that are pending in the order in which they are due. */
class Lane {
  private readonly all: Webhook[]
  private readonly pending: Webhook[]
  private readonly ordered: boolean
  /** With order: the first of each key that is neither delivered nor dead. */
  private readonly keys = new Map<string, Webhook[]>()

  constructor(count: number, spacing: number, { ordered = false, key }: Setup) {
    this.ordered = ordered
    this.all = Array.from({ length: count }, (_, id) => ({
      id,
      key: key?.(id) ?? null,
      tries: 0,
      dueAt: id * spacing,
      state: 'pending' as const,
    }))
    this.pending = [...this.all]
    for (const webhook of this.all) {
      if (webhook.key === null) continue
      const queue = this.keys.get(webhook.key)
      if (queue) queue.push(webhook)
      else this.keys.set(webhook.key, [webhook])
    }
  }

  nextDue(): number | null {
    return this.pending.find(webhook => this.isFree(webhook))?.dueAt ?? null
  }

  next(now: number): Webhook | null {
    const first = this.pending.find(webhook => this.isFree(webhook))
    return first && first.dueAt <= now ? first : null
  }

  /** claim.sql's choice while the breaker is open: the nearest to the end of its schedule, or any that is due. */
  probe(health: Health, now: number, random: () => number): Webhook | null {
    const nearest = health.nearest === null ? null : this.all[health.nearest]
    if (nearest && prefersNearest(health) && nearest.state === 'pending' && nearest.dueAt <= now)
      return nearest
    const first = this.next(now)
    if (!first) return null
    if (this.ordered) {
      const heads = this.pending.filter(webhook => this.isFree(webhook) && webhook.dueAt <= now)
      return heads[Math.floor(random() * heads.length)]!
    }
    const from = first.dueAt + Math.max(0, 2 * random() - 1) * (now - first.dueAt)
    const last = this.pending[this.placeOf(from + 1e-9) - 1] ?? first
    const low = this.placeOf(last.dueAt)
    const high = this.placeOf(last.dueAt + 1e-9) - 1
    return this.pending[low + Math.floor(random() * (high - low + 1))]!
  }

  lease(webhook: Webhook): void {
    this.pending.splice(this.pending.indexOf(webhook), 1)
    webhook.state = 'sending'
    webhook.tries++
  }

  settle(webhook: Webhook, state: 'pending' | 'delivered' | 'dead', dueAt: number): void {
    webhook.state = state
    if (state !== 'pending') {
      if (this.ordered && webhook.key !== null) this.keys.get(webhook.key)!.shift()
      return
    }
    webhook.dueAt = dueAt
    this.pending.splice(this.placeOf(dueAt), 0, webhook)
  }

  triesOf(id: number): number | null {
    const { state, tries } = this.all[id]!
    return state === 'pending' || state === 'sending' ? tries : null
  }

  counts() {
    const of = (state: Webhook['state']) => this.all.filter(webhook => webhook.state === state).length
    return { delivered: of('delivered'), dead: of('dead') }
  }

  /** Only the first of a key may start. */
  private isFree(webhook: Webhook): boolean {
    return !this.ordered || webhook.key === null || this.keys.get(webhook.key)![0] === webhook
  }

  /** Where the first that is due at this time or later stands. */
  private placeOf(dueAt: number): number {
    let [low, high] = [0, this.pending.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.pending[middle]!.dueAt < dueAt) low = middle + 1
      else high = middle
    }
    return low
  }
}
