// One endpoint and its receiver on a virtual clock: what becomes of its webhooks, and how many requests were refused. The
// waits are those of delivery/retry.ts, the breaker follows rules.ts, and claims choose as lane.ts does.
import { defaultRetrySchedule, retryInSeconds } from '../../delivery/retry.ts'
import { jittered } from '../../delivery/wait.ts'
import { type Random, randomFrom } from '../random.ts'
import { Lane, type LaneOptions, type Webhook } from './lane.ts'
import { type Health, healthy, type Result, settled } from './rules.ts'

export interface Answer {
  readonly accepts: boolean
  /** 429. */
  readonly throttled?: boolean
  /** The pause in seconds that it asks for. */
  readonly retryAfter?: number
}

export type Chance = (probability: number) => boolean

/** Answers a request at a time in seconds; `webhook.tries` counts this one. */
export type Receiver = (webhook: Webhook, now: number, chance: Chance) => Answer

export interface Setup extends LaneOptions {
  readonly receiver: Receiver
  readonly schedule?: readonly number[]
  /** none: every delivery follows its schedule. oldest: each probe takes the oldest due, and nothing is learned. */
  readonly breaker?: 'ours' | 'none' | 'oldest'
  readonly seed?: number
}

export interface Outcome {
  readonly delivered: number
  readonly dead: number
  readonly refused: number
  /** Seconds until the last delivery, or null when there was none. */
  readonly lastDelivered: number | null
  /** Seconds until 99 % of what was delivered was delivered. */
  readonly almostAllDelivered: number | null
  /** Seconds until the endpoint was disabled, or null. */
  readonly disabled: number | null
}

const maxInFlight = 32
const answersAfterSeconds = 0.05
const leaseSeconds = 60
const disableAfterSeconds = 5 * 86_400

export function simulate(setup: Setup): Outcome {
  const simulation = new Simulation(setup)
  while (simulation.step());
  return simulation.outcome()
}

class Simulation {
  private now = 0
  private readonly lane: Lane
  private readonly receiver: Receiver
  private readonly breaker: 'ours' | 'none' | 'oldest'
  private readonly schedule: readonly number[]
  private readonly dice: Random
  private inFlight: { webhook: Webhook; answer: Answer; endsAt: number }[] = []
  private health: Health = healthy
  private probeAt = 0
  private notBefore = 0
  private failingSince: number | null = null
  private disabledAt: number | null = null
  private refused = 0
  private readonly deliveredAt: number[] = []

  constructor({ receiver, ...setup }: Setup) {
    this.receiver = receiver
    this.lane = new Lane(setup)
    this.breaker = setup.breaker ?? 'ours'
    this.schedule = setup.schedule ?? defaultRetrySchedule
    this.dice = randomFrom(setup.seed ?? 1)
  }

  /** Does what is to be done now and goes on to the next time; false = there is nothing more to do. */
  step(): boolean {
    this.settle()
    if (this.failingSince !== null && this.now - this.failingSince > disableAfterSeconds) {
      this.disabledAt = this.now
      return false
    }
    this.claim()
    const next = Math.min(...this.inFlight.map(({ endsAt }) => endsAt), this.nextClaimAt())
    this.now = next
    return next < Infinity
  }

  outcome(): Outcome {
    const at = this.deliveredAt
    return {
      delivered: at.length,
      dead: this.lane.all.filter(({ state }) => state === 'dead').length,
      refused: this.refused,
      lastDelivered: at.at(-1) ?? null,
      almostAllDelivered: at[Math.ceil(at.length * 0.99) - 1] ?? null,
      disabled: this.disabledAt,
    }
  }

  private claim(): void {
    for (let left = this.capacity(); left > 0; left--) {
      const webhook =
        this.health.open && this.breaker === 'ours'
          ? this.lane.probe(this.health, this.now, this.random)
          : this.lane.oldestDue(this.now)
      if (!webhook) return
      this.send(webhook)
      if (!this.health.open) continue
      this.health = { ...this.health, probing: true }
      this.probeAt = this.now + leaseSeconds
    }
  }

  private capacity(): number {
    if (this.now < this.notBefore) return 0
    if (this.health.open) return this.now >= this.probeAt ? 1 : 0
    return Math.min(maxInFlight, this.health.slowStart ?? maxInFlight) - this.inFlight.length
  }

  private nextClaimAt(): number {
    const dueAt = this.lane.nextDueAt()
    if (dueAt === null) return Infinity
    const at = Math.max(dueAt, this.notBefore, this.health.open ? this.probeAt : 0)
    return at > this.now ? at : Infinity
  }

  private send(webhook: Webhook): void {
    this.lane.lease(webhook)
    const answer = this.receiver(webhook, this.now, probability => this.random() < probability)
    this.inFlight.push({ webhook, answer, endsAt: this.now + answersAfterSeconds })
  }

  private settle(): void {
    const ended = this.inFlight.filter(({ endsAt }) => endsAt <= this.now)
    if (ended.length === 0) return
    this.inFlight = this.inFlight.filter(({ endsAt }) => endsAt > this.now)
    const results = ended.map(({ webhook, answer }) => this.settleOne(webhook, answer))
    const accepted = results.some(({ outcome }) => outcome === 'success')
    this.failingSince = accepted ? null : (this.failingSince ?? this.now)
    if (this.breaker === 'none') return
    const nothingLearned = { relapses: 0, triesNeeded: 1, doubtedAt: null }
    const { health, wait } = settled(
      this.breaker === 'ours' ? this.health : { ...this.health, ...nothingLearned },
      results,
      { now: this.now, maxInFlight, triesOf: id => this.lane.triesOf(id) },
    )
    this.health = health
    if (wait !== null) this.probeAt = this.now + jittered(wait, this.random)
  }

  private settleOne(webhook: Webhook, { accepts, throttled, retryAfter = 0 }: Answer): Result {
    const { id, tries } = webhook
    if (accepts) {
      this.deliveredAt.push(this.now)
      this.lane.finish(webhook, 'delivered')
      return { id, tries, outcome: 'success', pending: false }
    }
    this.refused++
    if (retryAfter > 0) this.notBefore = Math.max(this.notBefore, this.now + retryAfter)
    const wait = retryInSeconds(this.schedule, tries, this.random)
    if (wait === null) this.lane.finish(webhook, 'dead')
    else this.lane.retry(webhook, this.now + Math.max(wait, retryAfter))
    return { id, tries, outcome: throttled ? 'throttled' : 'failure', pending: wait !== null }
  }

  private readonly random = (): number => this.dice.between(0, 2 ** 30 - 1) / 2 ** 30
}
