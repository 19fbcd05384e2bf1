// `webhook-timestamp` must be the moment of the request: by the clock of its sender, which a fault may have put wrong, and
// early by as long as the sender was frozen between signing and sending.
import { attemptId, type Records, type Request } from './records.ts'

/** The timestamp has whole seconds, and the machine is busy. */
const toleranceMs = 10_000
/** The thaw is noted a moment after it. */
const thawingMs = 1_000

export function findMisdated({ requests, senders, faults }: Records) {
  const skews = faults.flatMap(fault => fault.skew ?? [])
  const freezes = faults.filter(({ kind }) => kind.startsWith('freeze'))
  return requests.flatMap((request: Request) => {
    const sender = senders.get(attemptId(request.endpoint, request.webhookId, request.attempt))
    // A sender that never came to write its log may have been any.
    const mayBe = (replica: string) => sender === undefined || sender === replica
    const clocks = [
      0,
      ...skews
        .filter(
          ({ replica, from, until }) =>
            mayBe(replica) && from <= request.came && request.came <= until + toleranceMs,
        )
        .map(({ ms }) => ms),
    ]
    const frozenMs = freezes
      .filter(
        ({ target, until }) =>
          mayBe(target) && request.came >= until - thawingMs && request.came < until + toleranceMs,
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
