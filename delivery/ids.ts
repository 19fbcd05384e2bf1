// Public ids: how the API, the console and the webhook headers name an event, an endpoint, a delivery, a replay or an API key.
// In SQL, outbox.event_id and outbox.endpoint_id make the same text.

export type IdPrefix = 'evt' | 'ep' | 'rpl' | 'key'

/** The prefix and `_`, the row's id in 16 hex digits, its random half in 8. */
export function formatId(prefix: IdPrefix, id: bigint, nonce: number): string {
  return `${prefix}_${hex64(id)}${(nonce >>> 0).toString(16).padStart(8, '0')}`
}

/** null for any text that formatId could not have written. */
export function parseId(prefix: IdPrefix, text: string): { id: bigint; nonce: number } | null {
  const digits = hexAfter(prefix, text, 24)
  const id = digits && rowId(digits.slice(0, 16))
  return id ? { id, nonce: Number.parseInt(digits.slice(16), 16) | 0 } : null
}

/** A delivery is one event for one endpoint, so its id is made of theirs. */
export function formatDeliveryId(eventId: bigint, endpointId: bigint): string {
  return `dlv_${hex64(eventId)}${hex64(endpointId)}`
}

export function parseDeliveryId(text: string): { eventId: bigint; endpointId: bigint } | null {
  const digits = hexAfter('dlv', text, 32)
  const eventId = digits && rowId(digits.slice(0, 16))
  const endpointId = digits && rowId(digits.slice(16))
  return eventId && endpointId ? { eventId, endpointId } : null
}

/** Tells deliveries apart in a set or map. */
export const deliveryKey = (of: { readonly eventId: string; readonly endpointId: string }): string =>
  `${of.endpointId}/${of.eventId}`

function hex64(id: bigint): string {
  return id.toString(16).padStart(16, '0')
}

function hexAfter(prefix: string, text: string, length: number): string | null {
  if (!text.startsWith(`${prefix}_`)) return null
  const digits = text.slice(prefix.length + 1)
  return digits.length === length && /^[0-9a-f]+$/.test(digits) ? digits : null
}

/** Row ids in Postgres go from 1 to 2^63 - 1. Any other number would end in a cast error. */
function rowId(digits: string): bigint | null {
  const id = BigInt(`0x${digits}`)
  return id >= 1n && id <= 0x7fff_ffff_ffff_ffffn ? id : null
}
