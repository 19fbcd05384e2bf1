// The rules of an endpoint's health as drizzle/functions/health_after.sql applies them, for simulations: what a batch of
// outcomes makes of it, and when a probe prefers the delivery that is nearest to its end.
// test/drizzle/breaker-model.test.ts proves that both are the same.
import { doubtSeconds, failuresToOpen, probeSchedule, slowStartLimit } from '../../delivery/breaker.ts'

/** What drizzle/schema/outbox.ts keeps in endpoint_health. Times are seconds on any clock. */
export interface Health {
  readonly failures: number
  /** Those among them that say nothing, because the receiver has not accepted so early a try since the breaker closed. */
  readonly earlyFailures: number
  /** The breaker is open. */
  readonly open: boolean
  readonly probing: boolean
  readonly failedProbes: number
  /** null = max_in_flight. */
  readonly slowStart: number | null
  readonly triesNeeded: number
  readonly relapses: number
  readonly doubtedAt: number | null
  /** Of the deliveries that failed since the last success, the one that has used the most attempts. */
  readonly nearest: number | null
}

export const healthy: Health = {
  failures: 0,
  earlyFailures: 0,
  open: false,
  probing: false,
  failedProbes: 0,
  slowStart: null,
  triesNeeded: 1,
  relapses: 0,
  doubtedAt: null,
  nearest: null,
}

export interface Result {
  readonly id: number
  /** Attempts of the schedule that the delivery has used, this one included. */
  readonly tries: number
  /** uncounted: our own network failed. */
  readonly outcome: 'success' | 'failure' | 'throttled' | 'uncounted'
  /** It will be tried again. */
  readonly pending: boolean
}

export interface Settled {
  readonly health: Health
  /** Seconds until the next probe before jitter, if that is decided now. */
  readonly wait: number | null
}

export interface Circumstances {
  readonly now: number
  readonly maxInFlight: number
  /** The attempts that a delivery has used; null = it is neither pending nor sending. */
  triesOf(id: number): number | null
}

export function settled(health: Health, results: readonly Result[], circumstances: Circumstances): Settled {
  const succeeded = results.filter(({ outcome }) => outcome === 'success')
  const failed = results.filter(({ outcome }) => outcome === 'failure' || outcome === 'throttled')
  const early = failed.filter(({ tries }) => tries < health.triesNeeded).length
  const more = succeeded.length - failed.length + early
  const slowStart =
    health.open && succeeded.length > 0
      ? afterOpening(circumstances)
      : afterSlowStart(health, more, circumstances)
  if (succeeded.length > 0)
    return { health: { ...afterSuccess(health, succeeded, circumstances), slowStart }, wait: null }

  const next: Health = {
    ...health,
    failures: health.failures + failed.length,
    earlyFailures: health.earlyFailures + early,
    probing: false,
    nearest: nearest(health.nearest, results, circumstances),
    slowStart,
  }
  if (health.probing && failed.length < results.length) return { health: next, wait: 0 }
  if (health.probing) {
    const failedProbes = health.failedProbes + 1
    return { health: { ...next, failedProbes }, wait: waitOfProbe(failedProbes + 1) }
  }
  if (health.open || failed.length === 0) return { health: next, wait: null }
  return afterFailures(next, { ...circumstances, throttled: failed.some(r => r.outcome === 'throttled') })
}

function afterSuccess(health: Health, succeeded: readonly Result[], { now }: Circumstances): Health {
  const tries = Math.min(...succeeded.map(result => result.tries))
  return {
    ...healthy,
    relapses: health.relapses,
    doubtedAt: health.open ? now : health.doubtedAt,
    triesNeeded: health.open ? tries : Math.min(tries, health.triesNeeded),
  }
}

const afterOpening = ({ maxInFlight }: Circumstances) =>
  slowStartLimit < maxInFlight ? slowStartLimit : null

/** One more with each success, one fewer with each failure. */
function afterSlowStart({ slowStart }: Health, more: number, { maxInFlight }: Circumstances): number | null {
  if (slowStart === null || slowStart + more >= maxInFlight) return null
  return Math.max(slowStartLimit, slowStart + more)
}

/** The breaker is closed. Does it open? */
function afterFailures(
  health: Health,
  { now, throttled }: { readonly now: number; readonly throttled: boolean },
): Settled {
  const inDoubt = health.doubtedAt !== null && now < health.doubtedAt + doubtSeconds
  const relapses = inDoubt ? health.relapses : 0
  const row = health.failures - health.earlyFailures
  if (row >= failuresToOpen[relapses]!) {
    const next = Math.min(relapses + (throttled ? 0 : 1), failuresToOpen.length - 1)
    return { health: { ...health, open: true, relapses: next }, wait: waitOfProbe(1) }
  }
  const doubtedAt = inDoubt && row >= failuresToOpen[0] ? now : health.doubtedAt
  return { health: { ...health, doubtedAt }, wait: null }
}

function nearest(
  known: number | null,
  results: readonly Result[],
  { triesOf }: Circumstances,
): number | null {
  const knownTries = known === null || results.some(({ id }) => id === known) ? null : triesOf(known)
  const [best] = results
    .filter(({ outcome, pending }) => pending && outcome !== 'uncounted')
    .sort((a, b) => b.tries - a.tries || a.id - b.id)
  return knownTries !== null && knownTries >= (best?.tries ?? 0) ? known : (best?.id ?? null)
}

export function waitOfProbe(number: number): number {
  return probeSchedule[Math.min(number, probeSchedule.length) - 1]!
}

/** Every other probe goes to the delivery that is nearest to the end of its schedule, if that is due. */
export function prefersNearest({ failedProbes }: Health): boolean {
  return failedProbes % 2 === 0
}
