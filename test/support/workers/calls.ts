// What delivery/ and the edge's transport do, with text in and text out: tests ask Node and workerd the same.
import { parseCidr } from '../../../delivery/address.ts'
import { decodeBase64, encodeBase64 } from '../../../delivery/base64.ts'
import {
  formatPublicKey,
  formatSecret,
  generateSecret,
  parseSecret,
  type Signing,
} from '../../../delivery/keys.ts'
import { openKeyring, SecretUnavailable } from '../../../delivery/secrets.ts'
import { send } from '../../../delivery/send.ts'
import { ed25519Signer, hmacSigner, signedHeaders } from '../../../delivery/signature.ts'
import { type FailureKind, type Response, SendError } from '../../../delivery/types.ts'
import { verify } from '../../../delivery/verify.ts'
import { fetchTransport } from '../../../functions/cron/transport.ts'

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
    const keys = await Promise.all(secrets.map(parseSecret))
    const signers = keys.map(key => (key!.signing === 'hmac' ? hmacSigner : ed25519Signer)(key!.bytes))
    return signedHeaders(webhookId, timestampSeconds, utf8(body), signers)
  },

  verify(headers: Record<string, string>, body: string, secrets: string[], nowSeconds: number) {
    return verify(new Headers(headers), utf8(body), secrets, nowSeconds)
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
      const seen = await send({ ...request, body: utf8(request.body) }, transport, options.timeoutSeconds)
      results.push(seen instanceof SendError ? { error: seen.kind } : { ...seen, body: [...seen.body] })
    }
    return results
  },
}

export interface TextRequest {
  url: string
  headers: Record<string, string>
  body: string
}

export type TextResponse = (Omit<Response, 'body'> & { body: number[] }) | { error: FailureKind }

export interface SendOptions {
  allowHttp: boolean
  privateNetworks: string[]
  timeoutSeconds: number
}

const utf8 = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>
