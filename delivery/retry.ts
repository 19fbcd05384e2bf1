// Step 9, second part: when a failed delivery is tried again.
//
// attempt  waits                       since the first attempt
//   1      4 s to 6 s                                      5 s
//   2      4 min to 6 min                            5 min 5 s
//   3      24 min to 36 min                         35 min 5 s
//   4      1 h 36 min to 2 h 24 min             2 h 35 min 5 s
//   5      4 h to 6 h                           7 h 35 min 5 s
//   6      8 h to 12 h                         17 h 35 min 5 s
//   7      11 h 12 min to 16 h 48 min          31 h 35 min 5 s
//   8      16 h to 24 h                        51 h 35 min 5 s
//   9      19 h 12 min to 28 h 48 min          75 h 35 min 5 s
//  10      none: the delivery is dead
import { describeWait, duration, jittered, type Random } from './wait.ts'

/** Seconds after attempt 1, 2, …: the example of Standard Webhooks, three days in which an outage can be mended. */
export const defaultRetrySchedule: readonly number[] = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]

/** How long to wait after this attempt of the present budget (the first is 1); null = the schedule is used up. */
export function retryInSeconds(schedule: readonly number[], attempt: number, random: Random): number | null {
  const wait = schedule[attempt - 1]
  return wait === undefined ? null : jittered(wait, random)
}

/** The table above for any schedule. */
export function describeSchedule(schedule: readonly number[] = defaultRetrySchedule) {
  let total = 0
  return schedule.map((wait, i) => {
    total += wait
    return { attempt: i + 1, ...describeWait(wait), total: duration(total) }
  })
}

// Next: delivery/settlement.ts
