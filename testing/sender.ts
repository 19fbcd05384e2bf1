// Sends webhooks to a receiver under test, as Outbox does on its good days and on its bad ones.
import { webhookBody } from '../delivery/body.ts'
import { parseSecret } from '../delivery/keys.ts'
import { ed25519Signer, hmacSigner, type Signer, signedHeaders } from '../delivery/signature.ts'
import { userAgent } from '../delivery/version.ts'
import type { AnyEvent } from '../receivers/verify.ts'

export interface SenderOptions {
  readonly url: string
  /** `whsec_…` as the receiver has it, or the private `whsk_…` that belongs to its `whpk_…`. */
  readonly secret: string
}

export interface SendOptions {
  /** The same in every repeat; a new one unless given. */
  readonly webhookId?: string
  /** The attempt number; the first is 1. */
  readonly attempt?: number
  /** When the request says that it was made; negative = in the future. */
  readonly secondsAgo?: number
  /** Signs with these in place of the receiver's. Empty = no signature at all. */
  readonly secrets?: readonly string[]
  /** Changes the body after it was signed, as if somebody had done it on the way. */
  readonly alterBody?: (text: string) => string
  readonly timeoutMs?: number
}

/** An event to send; the time is now unless given. */
export type EventToSend = Pick<AnyEvent, 'type' | 'data'> & Partial<AnyEvent>

export interface PreparedRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
}

export interface Sender {
  send(event: EventToSend, options?: SendOptions): Promise<Response>
  /** One webhook, several times at once. */
  duplicate(event: EventToSend, times?: number): Promise<Response[]>
  /** Each after the one before has been answered, the last first. Their times say in which order they happened. */
  reorder(events: readonly EventToSend[]): Promise<Response[]>
  /** An event that happened a while ago, and comes in its eighth attempt. */
  late(event: EventToSend, seconds?: number): Promise<Response>
  /** The request as it would be sent. */
  prepare(event: EventToSend, options?: SendOptions): Promise<PreparedRequest>
}

const defaultTimeoutMs = 15_000
let made = 0

export function createSender({ url, secret }: SenderOptions): Sender {
  const prepare: Sender['prepare'] = async (event, options = {}) => {
    const { type, data, timestamp = new Date().toISOString() } = event
    const body = webhookBody({ type, timestamp, data: JSON.stringify(data) })
    const webhookId = options.webhookId ?? newWebhookId()
    const signers = await Promise.all((options.secrets ?? [secret]).map(signerOf))
    const at = Math.floor(Date.now() / 1000) - (options.secondsAgo ?? 0)
    const signed = signers.length > 0 ? await signedHeaders(webhookId, at, body, signers) : {}
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'outbox-delivery': `dlv_${webhookId.replace(/^evt_/, '').padStart(32, '0')}`,
      'outbox-attempt': String(options.attempt ?? 1),
      ...signed,
    }
    return { headers, body: altered(body, options.alterBody) }
  }
  const send: Sender['send'] = async (event, options = {}) => {
    const signal = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs)
    return fetch(url, { method: 'POST', redirect: 'manual', signal, ...(await prepare(event, options)) })
  }
  return {
    send,
    prepare,
    duplicate: (event, times = 2) => {
      const webhookId = newWebhookId()
      return Promise.all(Array.from({ length: times }, () => send(event, { webhookId })))
    },
    async reorder(events) {
      const start = Date.now() - 1000 * events.length
      const timed = events.map((event, i) => ({
        timestamp: new Date(start + 1000 * i).toISOString(),
        ...event,
      }))
      const answers: Response[] = []
      for (const event of timed.reverse()) answers.push(await send(event))
      return answers
    },
    late: (event, seconds = 86_400) =>
      send({ ...event, timestamp: new Date(Date.now() - 1000 * seconds).toISOString() }, { attempt: 8 }),
  }
}

function altered(body: Uint8Array<ArrayBuffer>, alter: SendOptions['alterBody']): Uint8Array<ArrayBuffer> {
  return alter ? new Uint8Array(Buffer.from(alter(new TextDecoder().decode(body)))) : body
}

async function signerOf(text: string): Promise<Signer> {
  const key = await parseSecret(text)
  if (!key) throw new TypeError('expected a secret that begins with whsec_, or with whsk_ for ed25519')
  return (key.signing === 'hmac' ? hmacSigner : ed25519Signer)(key.bytes)
}

/** As Outbox makes them, and never one that it has made. */
function newWebhookId(): string {
  made++
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `evt_${[made, ...random].map(part => part.toString(16).padStart(8, '0')).join('')}`
}
