// Makes an endpoint ready for use: opens its secrets, fills in the defaults. One that cannot be opened gets a fault, so
// that its deliveries fail visibly while all others go on.
import type { FailureKind } from './failures.ts'
import { checkHeaders } from './headers.ts'
import { fromHex } from './hex.ts'
import { type Keyring, SecretUnavailable } from './secrets.ts'
import type { Signer } from './signature.ts'
import type { SealedEndpoint } from './types.ts'

/** Secrets opened, and what is null where a default of this outbox stands in. */
type ToOpen = 'sealedHeaders' | 'secrets' | 'timeoutSeconds' | 'retrySchedule'

/** One consistent version of an endpoint, ready for use. A setting needs a line here only if it has to be opened. */
export interface Endpoint extends Omit<SealedEndpoint, ToOpen> {
  readonly headers: Readonly<Record<string, string>>
  /** All keys that sign now: several during a rotation, the newest first. */
  readonly signers: readonly Signer[]
  readonly timeoutSeconds: number
  /** Waits in seconds after attempt 1, 2, …; after the last one a failure is final. */
  readonly retrySchedule: readonly number[]
  /** Why nothing can be sent to it at all, whatever the receiver does; null = it can be used. */
  readonly fault: Extract<FailureKind, 'secret_unavailable' | 'invalid_endpoint'> | null
}

export interface OpenEndpointPorts {
  readonly keyring: Keyring
  readonly hmacSigner: (secret: Uint8Array<ArrayBuffer>) => Signer
  readonly ed25519Signer: (seed: Uint8Array<ArrayBuffer>) => Signer
  readonly defaults: { readonly requestTimeoutSeconds: number; readonly retrySchedule: readonly number[] }
}

export async function openEndpoint(sealed: SealedEndpoint, ports: OpenEndpointPorts): Promise<Endpoint> {
  const { sealedHeaders, secrets, ...settings } = sealed
  const endpoint = {
    ...settings,
    timeoutSeconds: sealed.timeoutSeconds ?? ports.defaults.requestTimeoutSeconds,
    retrySchedule: sealed.retrySchedule ?? ports.defaults.retrySchedule,
  }
  try {
    const signers = await Promise.all(secrets.map(secret => openSigner(secret, sealed.id, ports)))
    const headers = await openHeaders(sealedHeaders, sealed.id, ports.keyring)
    return { ...endpoint, headers, signers, fault: faultOf(signers, headers) }
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error
    return { ...endpoint, headers: {}, signers: [], fault: 'secret_unavailable' }
  }
}

/** The rules for headers may be stricter now than when these were written, and a header that forges ours must never leave. */
function faultOf(signers: readonly Signer[], headers: Record<string, string>): Endpoint['fault'] {
  if (signers.length === 0) return 'secret_unavailable'
  return checkHeaders(headers).length > 0 ? 'invalid_endpoint' : null
}

/** The row a sealed value belongs to. It opens nowhere else, so the values of two rows cannot be swapped. */
export const secretContext = (secretId: string, endpointId: string) =>
  `outbox.endpoint_secrets/${secretId}/${endpointId}`
export const headersContext = (endpointId: string) => `outbox.endpoints/${endpointId}/headers`

async function openSigner(
  secret: SealedEndpoint['secrets'][number],
  endpointId: string,
  { keyring, hmacSigner, ed25519Signer }: OpenEndpointPorts,
): Promise<Signer> {
  const key = await keyring.open(fromHex(secret.sealed), secretContext(secret.id, endpointId))
  return secret.signing === 'hmac' ? hmacSigner(key) : ed25519Signer(key)
}

async function openHeaders(
  sealed: string | null,
  endpointId: string,
  keyring: Keyring,
): Promise<Record<string, string>> {
  if (sealed === null) return {}
  const plain = await keyring.open(fromHex(sealed), headersContext(endpointId))
  return JSON.parse(new TextDecoder().decode(plain))
}
