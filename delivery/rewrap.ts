// The master key changes while everything runs: a value sealed under an older key is opened and sealed under the first key.
import { headersContext, secretContext } from './endpoint.ts'
import { fromHex, toHex } from './hex.ts'
import { type Keyring, SecretUnavailable } from './secrets.ts'
import type { Rewrapped, SealedValue } from './types.ts'

/** null when the value does not open: it stays as it is, and its endpoint keeps failing visibly. */
export async function rewrap(value: SealedValue, keyring: Keyring): Promise<Rewrapped | null> {
  const { endpointId, secretId, sealed } = value
  const context = secretId === null ? headersContext(endpointId) : secretContext(secretId, endpointId)
  try {
    const plain = await keyring.open(fromHex(sealed), context)
    return { ...value, rewrapped: toHex(await keyring.seal(plain, context)) }
  } catch (error) {
    if (error instanceof SecretUnavailable) return null
    throw error
  }
}
