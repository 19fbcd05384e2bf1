// Which faults, when, and to whom: the same seed gives the same plan. Storms of faults take turns with hushes, in which
// nothing is wrong and every event must be prompt.
import type { Random } from '../dev/random.ts'

export const faultKinds = [
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

export interface PlannedFault {
  kind: FaultKind
  /** Since the storm began. */
  afterMs: number
  /** For those that last. All are over when the storm is. */
  forMs: number
  /** Any number: which replica, endpoint or receiver, counted round. */
  target: number
  /** How much, from 0 to 99, where there is more and less. */
  dose: number
}

export const stormMs = 30_000
const gapMs = { least: 1_000, most: 3_500 }
const lastMs = { least: 2_000, most: 12_000 }

/** Deals faults like cards: every kind comes once before any comes twice. */
export class FaultPlan {
  readonly #random: Random
  #deck: FaultKind[] = []

  constructor(random: Random) {
    this.#random = random
  }

  nextStorm(): PlannedFault[] {
    const storm: PlannedFault[] = []
    const gap = () => this.#random.between(gapMs.least, gapMs.most)
    for (let afterMs = gap(); afterMs < stormMs - lastMs.least; afterMs += gap()) {
      storm.push({
        kind: this.#deal(),
        afterMs,
        forMs: Math.min(this.#random.between(lastMs.least, lastMs.most), stormMs - afterMs),
        target: this.#random.between(0, 999),
        dose: this.#random.between(0, 99),
      })
    }
    return storm
  }

  #deal(): FaultKind {
    if (this.#deck.length === 0) this.#deck = this.#random.pick(faultKinds, faultKinds.length)
    return this.#deck.pop()!
  }
}
