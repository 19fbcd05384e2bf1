/** The text in UTF-8, then the bytes. */
export function joined(head: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const headBytes = new TextEncoder().encode(head)
  const whole = new Uint8Array(headBytes.length + body.length)
  whole.set(headBytes)
  whole.set(body, headBytes.length)
  return whole
}
