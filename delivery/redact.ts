// What a tenant must not learn from its own webhooks: whether there is something at an address, or a rule against it.
// Otherwise a tenant could map a network from where we stand, one URL at a time. Operators see the truth.
import type { Endpoint } from './endpoint.ts'
import { failureKinds, failures } from './failures.ts'
import type { Settlement } from './types.ts'

/** Those that a tenant sees as `unreachable`. */
export const unreachableKinds: readonly string[] = failureKinds.filter(
  kind => failures[kind].tenantSees === 'unreachable',
)
const unreachable: ReadonlySet<string | null> = new Set(unreachableKinds)

/** An attempt's `error` or a delivery's `reason`, as a key with a tenant sees it. */
export function redacted(error: string | null): string | null {
  return isUnreachable(error) ? 'unreachable' : error
}

export function isUnreachable(error: string | null): boolean {
  return unreachable.has(error)
}

interface Attempt {
  readonly error: string | null
  readonly duration_ms: number | null
  readonly response_status: number | null
  readonly response_body?: string | null
}

/** An attempt as a key with a tenant sees it. Of one that reached no HTTP server it shows nothing but `unreachable`. */
export function redactedAttempt<Shown extends Attempt>(attempt: Shown): Shown {
  const { error } = attempt
  if (!isUnreachable(error)) return attempt
  const nothing = { error: redacted(error), duration_ms: null, response_status: null }
  return { ...attempt, ...nothing, ...('response_body' in attempt ? { response_body: null } : {}) }
}

/**
 * How long to wait before the settlement is written down, in milliseconds. An attempt that failed early looks as if it had
 * waited until the time limit: everything that follows, the retry included, is as late.
 */
export function timingPadMs(endpoint: Endpoint, settlement: Settlement, nowMs: number): number {
  if (!endpoint.isTenants || !isUnreachable(settlement.error)) return 0
  return Math.max(0, settlement.startedAt + endpoint.timeoutSeconds * 1000 - nowMs)
}
