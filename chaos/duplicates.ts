// Requests repeated after a success. Each needs a cause: a replay was asked for, a fault hit the successful request before its
// outcome was recorded, or the answer came after the sender's time limit, which on a machine without a free core happens to
// receivers in the same process as all others. Faults then explain at most as many duplicates as requests were in flight at
// them.
import { attemptId, type Disruption, type ReceivedRequest, type Records, succeeded } from './records.ts'
import { requestTimeoutSeconds } from './topology.ts'

/** An outcome may stay unrecorded this long after the answer. The listener writes batches, the cron function writes at its end. */
const unrecordedMs = { listener: 1_000, cron: 20_000 }

/** A busy receiver may read a request this long after the sender was hit by a fault. */
const unreadMs = 1_000

/** An answer of the last moment is read after the sender's time limit. */
const unheardMs = 100

export interface Duplicate {
  request: ReceivedRequest
  /** null = no cause: a violation. */
  cause: 'fault' | 'replay' | 'late answer' | null
}

export function findDuplicates(records: Records, byDelivery: Map<string, ReceivedRequest[]>) {
  const disruptions = records.faults.flatMap(fault => fault.disruptions)
  const senders = new Map(records.senders)
  for (const { sender, endpoint, webhookId, number } of records.database.attempts)
    if (sender === 'cron') senders.set(attemptId(endpoint, webhookId, number), 'cron')
  const wasDisrupted = (request: ReceivedRequest) => {
    const sender = senders.get(attemptId(request.endpoint, request.webhookId, request.attempt))
    return disruptions.some(disruption => overlaps(disruption, request, sender))
  }
  const timedOut = new Set(
    records.database.attempts
      .filter(({ error }) => error === 'timeout')
      .map(({ endpoint, webhookId, number }) => attemptId(endpoint, webhookId, number)),
  )
  /** The sender says so, and the timestamp that it signed does not contradict it. */
  const cameTooLate = ({ endpoint, webhookId, attempt, answered, signedAt }: ReceivedRequest) =>
    timedOut.has(attemptId(endpoint, webhookId, attempt)) &&
    answered - signedAt >= requestTimeoutSeconds * 1000 - unheardMs
  const duplicates = [...byDelivery.values()].flatMap(requests => {
    // By number, not by time: a frozen sender may send number 1 long after another has sent number 2.
    const inOrder = requests.toSorted((a, b) => a.attempt - b.attempt)
    return inOrder.slice(1).flatMap((request, i): Duplicate[] => {
      const success = inOrder.slice(0, i + 1).findLast(succeeded)
      if (success === undefined) return []
      if (wasReplayed(records, success, request)) return [{ request, cause: 'replay' }]
      if (wasDisrupted(success)) return [{ request, cause: 'fault' }]
      return [{ request, cause: cameTooLate(success) ? 'late answer' : null }]
    })
  })
  return { duplicates, inFlightAtFaults: records.requests.filter(wasDisrupted).length }
}

/** An unknown sender counts as every listener: a killed listener may not have logged its last attempts. */
function overlaps(
  { from, until, listener }: Disruption,
  { came, answered }: ReceivedRequest,
  sender?: string,
): boolean {
  if (listener !== undefined && sender !== undefined && sender !== listener) return false
  const slackMs = sender === 'cron' ? unrecordedMs.cron : unrecordedMs.listener
  return came <= until + unreadMs && answered + slackMs >= from
}

function wasReplayed({ replays }: Records, success: ReceivedRequest, request: ReceivedRequest): boolean {
  return replays.some(
    ({ endpoint, asked, finished }) =>
      endpoint === request.endpoint && asked <= request.came && success.came <= finished,
  )
}
