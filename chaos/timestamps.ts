// `webhook-timestamp` must be the time of the request by its sender's clock. A fault may have set that clock wrong, and a
// sender frozen between signing and sending has a timestamp as old as the freeze was long.
import { attemptId, type ReceivedRequest, type Records } from './records.ts'

/** The timestamp has whole seconds, and the machine is busy. */
const toleranceMs = 10_000
/** The end of a freeze is recorded a moment after it. */
const resumingMs = 1_000

export function findWrongTimestamps({ requests, senders, faults }: Records) {
  const skews = faults.flatMap(fault => fault.skew ?? [])
  const freezes = faults.filter(({ kind }) => kind.startsWith('freeze'))
  return requests.flatMap((request: ReceivedRequest) => {
    const sender = senders.get(attemptId(request.endpoint, request.webhookId, request.attempt))
    // An unknown sender counts as every listener: a killed listener may not have logged its last attempts.
    const mayBe = (listener: string) => sender === undefined || sender === listener
    const clocks = [
      0,
      ...skews
        .filter(
          ({ listener, from, until }) =>
            mayBe(listener) && from <= request.came && request.came <= until + toleranceMs,
        )
        .map(({ ms }) => ms),
    ]
    const frozenMs = freezes
      .filter(
        ({ target, until }) =>
          mayBe(target) && request.came >= until - resumingMs && request.came < until + toleranceMs,
      )
      .reduce((longest, { from, until }) => Math.max(longest, until - from), 0)
    const isRight = (skewMs: number) => {
      const lateMs = request.came - (request.signedAt - skewMs)
      return lateMs >= -toleranceMs && lateMs <= frozenMs + toleranceMs
    }
    if (clocks.some(isRight)) return []
    return [{ request, offSeconds: Math.round((request.signedAt - request.came) / 1000) }]
  })
}
