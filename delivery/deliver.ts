// Step 6: one attempt, start to finish. A failing receiver is an outcome, not an exception.
import { maxEventBytes, webhookBody } from './body.ts'
import { contextHeaders } from './context.ts'
import type { Endpoint } from './endpoint.ts'
import { fixedHeaders } from './headers.ts'
import { messageBody } from './message.ts'
import { classify } from './outcome.ts'
import { type Response, type Send, SendError } from './send.ts'
import { settle } from './settlement.ts'
import { sign } from './signature.ts'
import type { Leased, Settlement } from './types.ts'
import type { Random } from './wait.ts'

export interface DeliverPorts {
  readonly send: Send
  /** Milliseconds since 1970: the `webhook-timestamp`, and the present of a Retry-After without a `date`. */
  readonly now: () => number
  /** Milliseconds of a clock that never steps back (performance.now). */
  readonly clock: () => number
  readonly random: Random
  /** `Outbox/<version>` */
  readonly userAgent: string
}

/** Calls one of the two back, once, after it has returned. An error is a surprise: then nothing can be settled. */
export function deliver(
  delivery: Leased,
  endpoint: Endpoint,
  ports: DeliverPorts,
  onSettlement: (settlement: Settlement) => void,
  onError: (error: unknown) => void,
): void {
  const startedAt = ports.clock()
  const conclude = (seen: Response | SendError) => {
    let settlement: Settlement
    try {
      const outcome = classify(seen, ports.now())
      const durationMs = Math.max(0, Math.round(ports.clock() - startedAt))
      settlement = settle(delivery, endpoint, outcome, { startedAt, durationMs }, ports.random)
    } catch (error) {
      return onError(error)
    }
    onSettlement(settlement)
  }
  const body = endpoint.format === 'slack' ? messageBody(delivery) : webhookBody(delivery)
  // With a fault nothing leaves: the request would be unsigned, or signed with something else.
  const refused = endpoint.fault ?? (body.length > maxEventBytes ? 'body_too_large' : null)
  if (refused === null) signAndSend(delivery, endpoint, body, ports, conclude, onError)
  else queueMicrotask(() => conclude(new SendError(refused)))
}

function signAndSend(
  delivery: Leased,
  endpoint: Endpoint,
  body: Uint8Array<ArrayBuffer>,
  ports: DeliverPorts,
  onSeen: (seen: Response | SendError) => void,
  onError: (error: unknown) => void,
): void {
  const timestamp = String(Math.floor(ports.now() / 1000))
  const post = (signature: string) => {
    const headers = headersOf(delivery, endpoint, timestamp, signature, ports.userAgent)
    ports.send({ url: endpoint.url, headers, body }, endpoint.timeoutSeconds, onSeen, onError)
  }
  try {
    const signature = sign(delivery.webhookId, timestamp, body, endpoint.signers)
    if (typeof signature === 'string') post(signature)
    else signature.then(post).catch(onError)
  } catch (error) {
    queueMicrotask(() => onError(error))
  }
}

/** The body is the same on every attempt; the timestamp, and with it the signature, belongs to this one. */
function headersOf(
  delivery: Leased,
  endpoint: Endpoint,
  timestamp: string,
  signature: string,
  userAgent: string,
): string[] {
  return [
    ...fixedHeaders(endpoint.headers),
    'user-agent',
    userAgent,
    'outbox-delivery',
    delivery.publicId,
    'outbox-attempt',
    String(delivery.attempt),
    ...(delivery.sequence === null ? [] : ['outbox-sequence', String(delivery.sequence)]),
    'webhook-id',
    delivery.webhookId,
    'webhook-timestamp',
    timestamp,
    'webhook-signature',
    signature,
    ...contextHeaders(delivery),
  ]
}

// Next: delivery/signature.ts
