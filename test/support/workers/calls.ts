// What delivery/ and the edge's transport do, with text in and text out: tests ask Node and workerd the same.
import { parseCidr } from '../../../delivery/address.ts'
import { decodeBase64, encodeBase64 } from '../../../delivery/base64.ts'
import { deliver } from '../../../delivery/deliver.ts'
import type { Endpoint } from '../../../delivery/endpoint.ts'
import type { FailureKind } from '../../../delivery/failures.ts'
import {
  formatPublicKey,
  formatSecret,
  generateSecret,
  parseSecret,
  type Signing,
} from '../../../delivery/keys.ts'
import type { Outcome } from '../../../delivery/outcome.ts'
import { redacted, redactedAttempt, timingPadMs } from '../../../delivery/redact.ts'
import { openKeyring, SecretUnavailable } from '../../../delivery/secrets.ts'
import { type Response, SendError, send, sendThrough, type Transport } from '../../../delivery/send.ts'
import { settle, type Timing } from '../../../delivery/settlement.ts'
import { ed25519Signer, hmacSigner, signedHeaders } from '../../../delivery/signature.ts'
import type { Leased, Settlement } from '../../../delivery/types.ts'
import { verify } from '../../../delivery/verify.ts'
import { fetchTransport } from '../../../functions/cron/transport.ts'
import { verify as verifyWebhook } from '../../../receivers/verify.ts'

export const calls = {
  async generate(signing: Signing) {
    const key = await generateSecret(signing)
    return { secret: formatSecret(key), publicKey: signing === 'ed25519' ? formatPublicKey(key) : null }
  },

  async parse(secret: string) {
    const key = await parseSecret(secret)
    return key && { ...key, bytes: encodeBase64(key.bytes) }
  },

  async sign(secrets: string[], webhookId: string, timestampSeconds: number, body: string) {
    return signedHeaders(webhookId, timestampSeconds, utf8(body), await signersOf(secrets))
  },

  verify(headers: Record<string, string>, body: string, secrets: string[], nowSeconds: number) {
    return verify(new Headers(headers), utf8(body), secrets, nowSeconds)
  },

  /** As a receiver does it, with a Request of the runtime. */
  verifyWebhook(
    headers: Record<string, string>,
    body: string,
    secret: string | string[],
    nowSeconds: number,
  ) {
    const request = new Request('https://receiver.example/', { method: 'POST', headers, body })
    return verifyWebhook(request, secret, { nowSeconds })
  },

  async seal(masterKeys: string, plain: string, context: string) {
    return encodeBase64(await (await openKeyring(masterKeys)).seal(utf8(plain), context))
  },

  /** The plain text, or why there is none. */
  async open(masterKeys: string, sealed: string, context: string) {
    try {
      const plain = await (await openKeyring(masterKeys)).open(decodeBase64(sealed)!, context)
      return { plain: new TextDecoder().decode(plain) }
    } catch (error) {
      if (error instanceof SecretUnavailable) return { reason: error.reason, message: error.message }
      throw error
    }
  },

  /** One after the other within one call, as the cron function does it. */
  async send(requests: TextRequest[], options: SendOptions) {
    const privateNetworks = options.privateNetworks.map(text => parseCidr(text)!)
    const transport = fetchTransport({ allowHttp: options.allowHttp, privateNetworks })
    const results: TextResponse[] = []
    for (const request of requests) {
      const { url, headers, body } = request
      const sent = { url, headers: Object.entries(headers).flat(), body: utf8(body) }
      const seen = await send(sent, transport, options.timeoutSeconds)
      results.push(seen instanceof SendError ? { error: seen.kind } : { ...seen, body: [...seen.body] })
    }
    return results
  },

  async settle(delivery: Leased, endpoint: Endpoint, outcome: Outcome, timing: Timing, random: number) {
    return settle(delivery, endpoint, outcome, timing, () => random)
  },

  async redacted(error: string | null) {
    return redacted(error)
  },

  async redactedAttempt(attempt: Parameters<typeof redactedAttempt>[0]) {
    return redactedAttempt(attempt)
  },

  async timingPadMs(endpoint: Endpoint, settlement: Settlement, nowMs: number) {
    return timingPadMs(endpoint, settlement, nowMs)
  },

  /** One attempt over a transport that gives this answer, and what it was asked to send. */
  async deliver(delivery: Leased, endpoint: TextEndpoint, answer: TextAnswer, ports: TextPorts) {
    const requests: TextRequest[] = []
    const times = [...ports.clock]
    const signers = await signersOf(endpoint.secrets)
    try {
      const transport: Transport = async ({ url, headers, body }) => {
        requests.push({ url, headers: inPairs(headers), body: new TextDecoder().decode(body) })
        if ('bug' in answer) throw new TypeError(answer.bug)
        if ('error' in answer) throw new SendError(answer.error)
        return { ...answer, body: utf8(answer.body) }
      }
      const deliverPorts = {
        send: sendThrough(transport),
        now: () => ports.now,
        clock: () => times.shift()!,
        random: () => ports.random,
        userAgent: 'Outbox/test',
      }
      const settlement = await new Promise<Settlement>((resolve, reject) =>
        deliver(delivery, { ...endpoint, signers }, deliverPorts, resolve, reject),
      )
      return { settlement, requests }
    } catch (error) {
      return { thrown: (error as Error).message, requests }
    }
  },
}

export interface TextRequest {
  url: string
  headers: Record<string, string>
  body: string
}

export type TextResponse = (Omit<Response, 'body'> & { body: number[] }) | { error: FailureKind }

export type TextEndpoint = Omit<Endpoint, 'signers'> & { secrets: string[] }

/** A response with a body of text, a failure to get one, or a surprise. */
export type TextAnswer =
  | (Omit<Response, 'body'> & { body: string })
  | { error: FailureKind }
  | { bug: string }

export interface TextPorts {
  now: number
  /** What the monotonic clock says, one time after the other. */
  clock: number[]
  random: number
}

export interface SendOptions {
  allowHttp: boolean
  privateNetworks: string[]
  timeoutSeconds: number
}

/** Throws if a header comes twice: as an object it would hide that. */
function inPairs(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i]! in headers) throw new Error(`the header ${flat[i]} comes twice`)
    headers[flat[i]!] = flat[i + 1]!
  }
  return headers
}

async function signersOf(secrets: string[]) {
  const keys = await Promise.all(secrets.map(parseSecret))
  return keys.map(key => (key!.signing === 'hmac' ? hmacSigner : ed25519Signer)(key!.bytes))
}

const utf8 = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>
