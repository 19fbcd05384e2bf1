// Stop 9, second step: when a failed delivery is tried again.
//
// attempt  waits                       since the first attempt
//   1      4 s to 6 s                                5 s
//   2      4 min to 6 min                      5 min 5 s
//   3      24 min to 36 min                   35 min 5 s
//   4      1 h 36 min to 2 h 24 min       2 h 35 min 5 s
//   5      4 h to 6 h                     7 h 35 min 5 s
//   6      8 h to 12 h                   17 h 35 min 5 s
//   7      11 h 12 min to 16 h 48 min    31 h 35 min 5 s
//   8      16 h to 24 h                  51 h 35 min 5 s
//   9      19 h 12 min to 28 h 48 min    75 h 35 min 5 s
//  10      none: the delivery is dead
//
// Next: delivery/settlement.ts
import type { Random } from './types.ts'

/** Seconds after attempt 1, 2, …: the example of Standard Webhooks, three days in which an outage can be mended. */
export const defaultRetrySchedule: readonly number[] = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]

/** Waits differ by up to a fifth, so that what failed together does not come back together. */
const jitter = 0.2

/** How long to wait after this attempt of the present budget (the first is 1); null = the schedule is used up. */
export function retryInSeconds(schedule: readonly number[], attempt: number, random: Random): number | null {
  const wait = schedule[attempt - 1]
  return wait === undefined ? null : wait * (1 - jitter + 2 * jitter * random())
}

/** A receiver may ask for a pause of up to a day; more is taken for a day. */
export const maxRetryAfterSeconds = 86_400

/**
 * Retry-After (RFC 9110, section 10.2.3) in seconds: a number, with decimals because some send them, or a date in its
 * one current form. null for everything else. A date that has passed is 0: the schedule's own wait is then the longer.
 * It was said by the receiver's clock, so it is compared with that (`date`, the response's own header, section 6.6.1) and
 * only without one with ours.
 */
export function parseRetryAfter(value: string | null, date: string | null, nowMs: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text), maxRetryAfterSeconds)
  const until = parseHttpDate(text)
  if (until === null) return null
  const seconds = (until - (parseHttpDate(date?.trim() ?? '') ?? nowMs)) / 1000
  return Math.min(Math.max(seconds, 0), maxRetryAfterSeconds)
}

/** Milliseconds since 1970 of an IMF-fixdate (RFC 9110, section 5.6.7); null for everything else. */
function parseHttpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}

/** The table above for any schedule: README and console print it. */
export function describeSchedule(schedule: readonly number[] = defaultRetrySchedule) {
  let total = 0
  return schedule.map((wait, i) => {
    total += wait
    return {
      attempt: i + 1,
      wait: duration(wait),
      shortest: duration(wait * (1 - jitter)),
      longest: duration(wait * (1 + jitter)),
      total: duration(total),
    }
  })
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds / 60)
  const parts = [
    [Math.floor(whole / 60), 'h'],
    [whole % 60, 'min'],
    [Math.round((seconds % 60) * 1000) / 1000, 's'],
  ] as const
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`)
  return shown.join(' ') || '0 s'
}
