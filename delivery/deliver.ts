// Step 6: one attempt, start to finish. A failing receiver is an outcome, not an exception.
import { maxEventBytes, webhookBody } from './body.ts'
import { contextHeaders } from './context.ts'
import type { Endpoint } from './endpoint.ts'
import { withReplaceableHeaders } from './headers.ts'
import { classify, type Outcome, withoutResponse } from './outcome.ts'
import { type SignedRequest, send, type Transport } from './send.ts'
import { settle } from './settlement.ts'
import { signedHeaders } from './signature.ts'
import type { Leased, Settlement } from './types.ts'
import type { Random } from './wait.ts'

export interface DeliverPorts {
  readonly transport: Transport
  /** Milliseconds since 1970: the `webhook-timestamp`, and the present of a Retry-After without a `date`. */
  readonly now: () => number
  /** Milliseconds of a clock that never steps back (performance.now). */
  readonly clock: () => number
  readonly random: Random
  /** `Outbox/<version>` */
  readonly userAgent: string
}

export async function deliver(
  delivery: Leased,
  endpoint: Endpoint,
  ports: DeliverPorts,
): Promise<Settlement> {
  const startedAt = ports.clock()
  // With a fault nothing leaves: the request would be unsigned, or signed with something else.
  const outcome =
    endpoint.fault === null ? await attempt(delivery, endpoint, ports) : withoutResponse(endpoint.fault)
  const durationMs = Math.max(0, Math.round(ports.clock() - startedAt))
  return settle(delivery, endpoint, outcome, { startedAt, durationMs }, ports.random)
}

async function attempt(delivery: Leased, endpoint: Endpoint, ports: DeliverPorts): Promise<Outcome> {
  const body = webhookBody(delivery)
  if (body.length > maxEventBytes) return withoutResponse('body_too_large')
  const request = await sign(delivery, body, endpoint, ports)
  return classify(await send(request, ports.transport, endpoint.timeoutSeconds), ports.now())
}

/** The body is the same on every attempt; the timestamp, and with it the signature, belongs to this one. */
async function sign(
  delivery: Leased,
  body: Uint8Array<ArrayBuffer>,
  endpoint: Endpoint,
  ports: DeliverPorts,
): Promise<SignedRequest> {
  const timestamp = Math.floor(ports.now() / 1000)
  return {
    url: endpoint.url,
    body,
    headers: {
      ...withReplaceableHeaders(endpoint.headers),
      'content-type': 'application/json',
      'user-agent': ports.userAgent,
      'outbox-delivery': delivery.publicId,
      'outbox-attempt': String(delivery.attempt),
      ...contextHeaders(delivery),
      ...(await signedHeaders(delivery.webhookId, timestamp, body, endpoint.signers)),
    },
  }
}

// Next: delivery/signature.ts
