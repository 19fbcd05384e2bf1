// Requests made again after a success. Each needs a cause: a person asked for a replay, or a fault caught the successful
// request before its outcome was in the books. Their number is then at most what was in flight at the faults.
import { attemptId, type Danger, type Records, type Request, succeeded } from './records.ts'

/** So long after its answer an outcome may still be unwritten: a batch on its way; the cron function writes at its end. */
const unwrittenMs = { listener: 1_000, cron: 20_000 }

/** What was sent before the fault is read by a busy receiver so long after it at most. */
const unreadMs = 1_000

export interface Extra {
  request: Request
  /** null = none: a violation. */
  cause: 'fault' | 'replay' | null
}

export function findExtras(records: Records, byDelivery: Map<string, Request[]>) {
  const dangers = records.faults.flatMap(fault => fault.dangers)
  const senders = new Map(records.senders)
  for (const { sender, endpoint, webhookId, number } of records.books.attempts)
    if (sender === 'cron') senders.set(attemptId(endpoint, webhookId, number), 'cron')
  const wasCaught = (request: Request) => {
    const sender = senders.get(attemptId(request.endpoint, request.webhookId, request.attempt))
    return dangers.some(danger => overlaps(danger, request, sender))
  }
  const extras = [...byDelivery.values()].flatMap(requests => {
    // By number, not by time: a frozen sender may send number 1 long after another has sent number 2.
    const inOrder = requests.toSorted((a, b) => a.attempt - b.attempt)
    return inOrder.slice(1).flatMap((request, i): Extra[] => {
      const success = inOrder.slice(0, i + 1).findLast(succeeded)
      if (success === undefined) return []
      if (wasReplayed(records, success, request)) return [{ request, cause: 'replay' }]
      return [{ request, cause: wasCaught(success) ? 'fault' : null }]
    })
  })
  return { extras, inFlightAtFaults: records.requests.filter(wasCaught).length }
}

/** A sender that never came to write its log may have been any. */
function overlaps({ from, until, replica }: Danger, { came, answered }: Request, sender?: string): boolean {
  if (replica !== undefined && sender !== undefined && sender !== replica) return false
  const slackMs = sender === 'cron' ? unwrittenMs.cron : unwrittenMs.listener
  return came <= until + unreadMs && answered + slackMs >= from
}

function wasReplayed({ replays }: Records, success: Request, request: Request): boolean {
  return replays.some(
    ({ endpoint, asked, finished }) =>
      endpoint === request.endpoint && asked <= request.came && success.came <= finished,
  )
}
