// The Retry-After header: how long a receiver asks us to wait.

/** A receiver may ask for a pause of up to a day; a longer one is shortened to a day. */
export const maxRetryAfterSeconds = 86_400

/**
 * Retry-After (RFC 9110, section 10.2.3) in seconds: a number, with decimals because some receivers send them, or a date in
 * its one current form. null for everything else. A date in the past is 0: the schedule's own wait is then the longer one.
 * The receiver's clock set the date, so it is compared with the `date` header of the same response (section 6.6.1), and
 * with our clock only where that is missing.
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
