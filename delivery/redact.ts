// What a tenant must not read off its own webhooks: whether there is something at an address, or a rule against it. Else
// whoever may name a URL could map a network by it, from where we stand. Operators see the truth.
import type { Endpoint, FailureKind, Settlement } from './types.ts'

/** No HTTP server answered. What one has answered, its owner may know. */
const unreachable = new Set<FailureKind>([
  'timeout',
  'dns',
  'connection',
  'tls',
  'blocked_address',
  'bad_response',
])

/** An attempt's `error` or a delivery's `reason`, as a key with a tenant sees it. */
export function redacted(error: string | null): string | null {
  return isUnreachable(error) ? 'unreachable' : error
}

export function isUnreachable(error: string | null): boolean {
  return unreachable.has(error as FailureKind)
}

/**
 * How long to wait before this is written down, in milliseconds: what could not be reached at once looks as if it had been
 * waited for, up to the time limit. Everything that follows, the retry included, follows as late.
 */
export function timingPadMs(endpoint: Endpoint, settlement: Settlement, nowMs: number): number {
  if (!endpoint.isTenants || !isUnreachable(settlement.error)) return 0
  return Math.max(0, settlement.startedAt + endpoint.timeoutSeconds * 1000 - nowMs)
}
