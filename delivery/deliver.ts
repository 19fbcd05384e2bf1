// Stop 6: one attempt, start to finish. A failing receiver is an outcome, not an exception.
import { webhookBody } from './body.ts'
import { contextHeaders } from './context.ts'
import { classify } from './outcome.ts'
import { send } from './send.ts'
import { settle } from './settlement.ts'
import { signedHeaders } from './signature.ts'
import type {
  Endpoint,
  FailureKind,
  Leased,
  MonotonicClock,
  Outcome,
  Random,
  Settlement,
  SignedRequest,
  Transport,
} from './types.ts'

/** A webhook's body may have so many bytes. Hardly any receiver takes a hundredth of it; Standard Webhooks suggest 20 kB. */
export const maxEventBytes = 4 << 20

export interface DeliverPorts {
  readonly transport: Transport
  /** Milliseconds since 1970: the `webhook-timestamp`. */
  readonly now: () => number
  readonly clock: MonotonicClock
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
  const outcome = endpoint.fault === null ? await attempt(delivery, endpoint, ports) : refused(endpoint.fault)
  const durationMs = Math.max(0, Math.round(ports.clock() - startedAt))
  return settle(delivery, endpoint, outcome, { startedAt, durationMs }, ports.random)
}

async function attempt(delivery: Leased, endpoint: Endpoint, ports: DeliverPorts): Promise<Outcome> {
  const body = webhookBody(delivery)
  if (body.length > maxEventBytes) return refused('body_too_large')
  const request = await sign(delivery, body, endpoint, ports)
  return classify(await send(request, ports.transport, endpoint.timeoutSeconds))
}

/** No request leaves when it could not be signed or may not be sent: it would be an unsigned or a mis-signed one. */
function refused(error: FailureKind): Outcome {
  return { kind: 'failed', error, status: null, body: null, retryAfterSeconds: null }
}

/** The request of this attempt: the body is the same every time, the timestamp and so the signature are the attempt's own. */
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
      ...endpoint.headers,
      'content-type': 'application/json',
      'user-agent': ports.userAgent,
      'outbox-delivery': delivery.publicId,
      'outbox-attempt': String(delivery.attempt),
      ...contextHeaders(delivery),
      ...(await signedHeaders(delivery.webhookId, timestamp, body, endpoint.signers)),
    },
  }
}
