// The deliveries of one simulated endpoint, and which of them a claim takes: the choice of claim.sql and lock_probe.sql.
import { type Health, prefersNearest } from './rules.ts'

export interface Webhook {
  readonly id: number
  readonly key: string | null
  /** Attempts that it has used. */
  tries: number
  dueAt: number
  state: 'pending' | 'sending' | 'delivered' | 'dead'
}

export interface LaneOptions {
  readonly webhooks: number
  /** Seconds between two webhooks; 0 = all at once. */
  readonly spacing?: number
  /** With order by key, only the first open webhook of each key may start. */
  readonly key?: (id: number) => string
}

export class Lane {
  readonly all: readonly Webhook[]
  /** In the order in which they are due. */
  private readonly pending: Webhook[]
  private readonly openByKey: Map<string, Webhook[]>

  constructor({ webhooks, spacing = 0, key }: LaneOptions) {
    this.all = Array.from({ length: webhooks }, (_, id) => ({
      id,
      key: key?.(id) ?? null,
      tries: 0,
      dueAt: id * spacing,
      state: 'pending' as const,
    }))
    this.pending = [...this.all]
    this.openByKey = Map.groupBy(
      this.all.filter(webhook => webhook.key !== null),
      webhook => webhook.key!,
    )
  }

  nextDueAt(): number | null {
    return this.first()?.dueAt ?? null
  }

  oldestDue(now: number): Webhook | null {
    const first = this.first()
    return first && first.dueAt <= now ? first : null
  }

  probe(health: Health, now: number, random: () => number): Webhook | null {
    const nearest = health.nearest === null ? null : this.all[health.nearest]!
    if (nearest && prefersNearest(health) && nearest.state === 'pending' && nearest.dueAt <= now)
      return nearest
    const oldest = this.oldestDue(now)
    if (!oldest) return null
    if (this.openByKey.size > 0) return pick(this.heads(now), random)
    const moment = oldest.dueAt + Math.min(1, Math.max(0, 3 * random() - 1)) * (now - oldest.dueAt)
    const last = this.pending[this.placeAfter(moment) - 1]!
    return pick(this.pending.slice(this.placeAfter(last.dueAt, false), this.placeAfter(last.dueAt)), random)
  }

  lease(webhook: Webhook): void {
    this.pending.splice(this.pending.indexOf(webhook), 1)
    webhook.state = 'sending'
    webhook.tries++
  }

  retry(webhook: Webhook, dueAt: number): void {
    webhook.state = 'pending'
    webhook.dueAt = dueAt
    this.pending.splice(this.placeAfter(dueAt), 0, webhook)
  }

  finish(webhook: Webhook, state: 'delivered' | 'dead'): void {
    webhook.state = state
    if (webhook.key !== null) this.openByKey.get(webhook.key)!.shift()
  }

  triesOf(id: number): number | null {
    const { state, tries } = this.all[id]!
    return state === 'pending' || state === 'sending' ? tries : null
  }

  private first(): Webhook | undefined {
    return this.pending.find(webhook => this.mayStart(webhook))
  }

  private heads(now: number): Webhook[] {
    return this.pending.filter(webhook => webhook.dueAt <= now && this.mayStart(webhook))
  }

  private mayStart(webhook: Webhook): boolean {
    return webhook.key === null || this.openByKey.get(webhook.key)![0] === webhook
  }

  /** The place behind all that are due by this time, or with `false` the place of the first that is due then. */
  private placeAfter(dueAt: number, included = true): number {
    let [low, high] = [0, this.pending.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const due = this.pending[middle]!.dueAt
      if (due < dueAt || (included && due === dueAt)) low = middle + 1
      else high = middle
    }
    return low
  }
}

const pick = <T>(from: readonly T[], random: () => number): T => from[Math.floor(random() * from.length)]!
