// When an endpoint's circuit breaker opens, how often it is probed, and how the endpoint is trusted again.
// settle.sql and claim.sql apply these rules under the lock of the endpoint's health, by drizzle/functions/health_after.sql and
// lock_probe.sql: all senders decide together.
//
// The breaker opens after 10 failures in a row. While it is open, one probe at a time goes out:
//
// probe  waits                        since the breaker opened
//   1    4 s to 6 s                                        5 s
//   2    8 s to 12 s                                      15 s
//   3    16 s to 24 s                                     35 s
//   4    32 s to 48 s                               1 min 15 s
//   5    1 min 4 s to 1 min 36 s                    2 min 35 s
//   6    2 min 8 s to 3 min 12 s                    5 min 15 s
//   7    4 min 16 s to 6 min 24 s                  10 min 35 s
//   8    8 min 32 s to 12 min 48 s                 21 min 15 s
//   9    12 min to 18 min                          36 min 15 s
//  10 …  the same
//
// Every other probe goes to the delivery that has used the most of its schedule, as soon as that is due: a receiver that
// refuses the first tries of each webhook accepts that one first. The other probes go to any delivery that is due, because a
// receiver that refuses some webhooks may accept others.
//
// The first success closes the breaker. Then 2 deliveries may be in flight, one more with each success and one fewer with
// each failure, until the endpoint has all that its max_in_flight allows: each round of successes doubles what is in flight.
//
// What the success tells about the receiver decides when the breaker opens again:
//
// * A delivery that was accepted at its third try says that first and second tries fail here. They no longer count, until
//   one is accepted.
// * For 10 minutes the breaker is in doubt. If it opens again in that time, the receiver was not down, it refuses much. The
//   next row must be 20 failures long, then 40, 80, 160 and at most 320. It is 10 again once 10 minutes have passed without
//   a row of 10. Answers of 429 leave the number as it is: there it is right to send less.
import { describeWait, duration } from './wait.ts'

/** So many failures in a row open the breaker; while it is in doubt, the next number for each time it has opened. */
export const failuresToOpen = [10, 20, 40, 80, 160, 320] as const

/** Seconds for which a breaker is in doubt after it has closed, and after each row of failures that would have opened it. */
export const doubtSeconds = 600

/** Seconds before probe 1, 2, …; each later probe waits as long as the last one here. */
export const probeSchedule: readonly number[] = [5, 10, 20, 40, 80, 160, 320, 640, 900]

/** Deliveries in flight just after the breaker has closed. */
export const slowStartLimit = 2

/** The table above, from the values. */
export function describeProbes() {
  let total = 0
  return probeSchedule.map((wait, i) => {
    total += wait
    return { probe: i + 1, ...describeWait(wait), total: duration(total) }
  })
}
