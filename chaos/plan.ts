// The plan of faults: which, when, and on what. The same seed gives the same plan. Periods of faults alternate with quiet
// periods, in which nothing is wrong and every event must be prompt.
import type { Random } from '../dev/random.ts'

export const faultKinds = [
  'freeze past lease',
  'skew clock',
  'kill listener',
  'freeze listener',
  'restart database',
  'crash backend',
  'read-only database',
  'no connections left',
  'cut LISTEN',
  'black hole',
  'delay',
  'half-open',
  'lost replies',
  'reset link',
  'receiver outage',
  'cron burst',
  'edit endpoint',
  'pause endpoint',
  'rotate secret',
  'replay',
] as const

export type FaultKind = (typeof faultKinds)[number]
const shuffledKinds = faultKinds.filter(kind => kind !== 'freeze past lease')

export interface PlannedFault {
  kind: FaultKind
  /** Since the fault period began. */
  afterMs: number
  /** Duration, for kinds that have one. */
  forMs: number
  /** Any number: chooses the listener, endpoint or receiver, modulo their count. */
  target: number
  /** From 0 to 99, for kinds that have degrees. */
  intensity: number
}

export const faultPeriodMs = 30_000
/** A lease, and the wait for the heartbeat that rescues expired leases; each of two listeners has its own heartbeat. */
const pastLeaseMs = { min: 18_000, max: 22_000 }
/** After this time without faults everything is connected again. */
const reconnectedMs = 3_000
const gapMs = { min: 1_000, max: 3_500 }
const durationMs = { min: 2_000, max: 12_000 }

/**
 * Every kind of fault comes once before any comes twice. But each fault period ends with the long freeze, and nothing else
 * goes wrong meanwhile: so every run has a listener that resumes after others have made its deliveries.
 */
export class FaultPlan {
  readonly #random: Random
  #remaining: FaultKind[] = []

  constructor(random: Random) {
    this.#random = random
  }

  nextFaultPeriod(): PlannedFault[] {
    const gap = () => this.#random.between(gapMs.min, gapMs.max)
    const period: PlannedFault[] = []
    for (let afterMs = gap(); afterMs < faultPeriodMs - durationMs.min; afterMs += gap()) {
      period.push(this.#plan(this.#nextKind(), afterMs, { ...durationMs, end: faultPeriodMs }))
    }
    const freezeAfterMs = faultPeriodMs + reconnectedMs
    return [
      ...period,
      this.#plan('freeze past lease', freezeAfterMs, { ...pastLeaseMs, end: Number.POSITIVE_INFINITY }),
    ]
  }

  #plan(kind: FaultKind, afterMs: number, span: { min: number; max: number; end: number }): PlannedFault {
    return {
      kind,
      afterMs,
      forMs: Math.min(this.#random.between(span.min, span.max), span.end - afterMs),
      target: this.#random.between(0, 999),
      intensity: this.#random.between(0, 99),
    }
  }

  #nextKind(): FaultKind {
    if (this.#remaining.length === 0) this.#remaining = this.#random.pick(shuffledKinds, shuffledKinds.length)
    return this.#remaining.pop()!
  }
}
