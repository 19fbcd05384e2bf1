// Which faults, when, and to whom: the same seed gives the same plan. Storms of faults take turns with hushes, in which
// nothing is wrong and every event must be prompt.
import type { Random } from '../dev/random.ts'

export const faultKinds = [
  'freeze past lease',
  'skew clock',
  'kill replica',
  'freeze replica',
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
const cards = faultKinds.filter(kind => kind !== 'freeze past lease')

export interface PlannedFault {
  kind: FaultKind
  /** Since the storm began. */
  afterMs: number
  /** For those that last. */
  forMs: number
  /** Any number: which replica, endpoint or receiver, counted round. */
  target: number
  /** How much, from 0 to 99, where there is more and less. */
  dose: number
}

export const stormMs = 30_000
/** A lease and the wait for the next heartbeat, which takes back what has run out; two replicas have theirs. */
const pastLeaseMs = { least: 18_000, most: 22_000 }
/** So long after the storm everybody is connected again. */
const lullMs = 3_000
const gapMs = { least: 1_000, most: 3_500 }
const lastMs = { least: 2_000, most: 12_000 }

/**
 * Deals faults like cards: every kind comes once before any comes twice. But each storm ends with the freeze that takes
 * long, and nothing else goes wrong meanwhile: in every run somebody must thaw whose deliveries others have made.
 */
export class FaultPlan {
  readonly #random: Random
  #deck: FaultKind[] = []

  constructor(random: Random) {
    this.#random = random
  }

  nextStorm(): PlannedFault[] {
    const gap = () => this.#random.between(gapMs.least, gapMs.most)
    const storm: PlannedFault[] = []
    for (let afterMs = gap(); afterMs < stormMs - lastMs.least; afterMs += gap()) {
      storm.push(this.#plan(this.#deal(), afterMs, { ...lastMs, end: stormMs }))
    }
    return [
      ...storm,
      this.#plan('freeze past lease', stormMs + lullMs, { ...pastLeaseMs, end: Number.POSITIVE_INFINITY }),
    ]
  }

  #plan(kind: FaultKind, afterMs: number, last: { least: number; most: number; end: number }): PlannedFault {
    return {
      kind,
      afterMs,
      forMs: Math.min(this.#random.between(last.least, last.most), last.end - afterMs),
      target: this.#random.between(0, 999),
      dose: this.#random.between(0, 99),
    }
  }

  #deal(): FaultKind {
    if (this.#deck.length === 0) this.#deck = this.#random.pick(cards, cards.length)
    return this.#deck.pop()!
  }
}
