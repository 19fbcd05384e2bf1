// An Idempotency-Key as the database holds it.
import { createHash, createHmac } from 'node:crypto'

/** Of a request that came with this API key. */
export function hashOf(apiKey: string, key: string): string {
  const secret = createHash('sha256').update(apiKey).digest()
  return createHmac('sha256', secret).update(`idempotency-key\0${key}`).digest('base64')
}
