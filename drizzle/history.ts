// The history of the attempts: what a reader of attempt_minutes has to know of drizzle/functions/fold_attempts.sql.

/** Taken in one go, at most: about a second of work. */
export const maxTallies = 50_000

/** The upper bounds of the counts in `durations`, in milliseconds; the last count is of what was above. */
export const durationBoundsMs = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 15_000] as const
/** Of those in `delays`. */
export const delayBoundsMs = [
  5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 15_000, 60_000, 300_000,
] as const
