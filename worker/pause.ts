// How long to wait before the database is asked again that did not take a statement.
const shortestPauseMs = 100
const longestPauseMs = 5_000

/** Milliseconds, by the number of failures before this one. */
export function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, shortestPauseMs * 2 ** failures)
}
