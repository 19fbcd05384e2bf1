// The webhook's body: the same bytes on every attempt, from every sender.

/** The largest body of a webhook. Few receivers take a hundredth of it; Standard Webhooks suggests 20 kB. */
export const maxEventBytes = 4 << 20

/**
 * Contains the text that Postgres gave for `data` as it is. Parsing and printing it again would change numbers
 * (12345678901234567890.10) and spaces, and so the bytes that an earlier attempt signed.
 */
export function webhookBody(event: {
  type: string
  timestamp: string
  data: string
}): Uint8Array<ArrayBuffer> {
  const type = JSON.stringify(event.type)
  const timestamp = JSON.stringify(event.timestamp)
  const text = `{"type":${type},"timestamp":${timestamp},"data":${event.data}}`
  // A buffer of its own memory, although not every runtime's typings say so.
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>
}
