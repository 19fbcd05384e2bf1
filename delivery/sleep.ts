// When a sender that lets its database sleep looks again. Shared by the listener (worker/sleep) and the doorbell on Cloudflare
// (functions/doorbell).

/** What is due later than this is done at full such steps: one wake-up for all that retries of several endpoints ask for. */
export const roundingMs = 300_000

/**
 * Unix milliseconds of what is due in so many; null = nothing waits. A retry in 20 seconds is done then; retries in 7 minutes of
 * one endpoint and in 9 of another are both done at the next full ten minutes.
 */
export function wakeUpAt(dueInMs: number | null, now: number): number | null {
  if (dueInMs === null) return null
  const due = now + dueInMs
  return dueInMs <= roundingMs ? due : Math.ceil(due / roundingMs) * roundingMs
}
