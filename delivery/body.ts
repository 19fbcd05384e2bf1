// The webhook's body: the same bytes on every attempt, whoever sends it.

/**
 * Built around the very text Postgres gave for `data`. Parsing and writing it again would change numbers
 * (12345678901234567890.10) and spaces, and with them the bytes that were signed the last time.
 */
export function webhookBody(event: {
  type: string
  timestamp: string
  data: string
}): Uint8Array<ArrayBuffer> {
  const type = JSON.stringify(event.type)
  const timestamp = JSON.stringify(event.timestamp)
  const text = `{"type":${type},"timestamp":${timestamp},"data":${event.data}}`
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer> // of its own memory, though not all typings say so
}
