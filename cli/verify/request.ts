// A recorded HTTP request, as proxies and log lines show one: perhaps a request line, headers, an empty line, the body.
import { usageError } from '../exit.ts'

export interface RecordedRequest {
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

export function parseRequest(text: string): RecordedRequest {
  const [, head, body] = /^(.*?)\r?\n\r?\n([\s\S]*)$/s.exec(text) ?? []
  if (head === undefined || body === undefined)
    throw usageError('This is no request: expected headers, an empty line and the body.')
  const lines = head.split(/\r?\n/).filter(line => !/^[A-Z]+ \S+( HTTP\/[\d.]+)?$/.test(line))
  const headers = headersOf(lines)
  return { headers, body: bytesOf(bodyOf(headers, body)) }
}

export const bytesOf = (text: string) => new Uint8Array(new TextEncoder().encode(text))

export function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers()
  for (const line of lines) {
    const at = line.indexOf(':')
    if (at < 1)
      throw usageError(`A header is name: value, but one line has no colon (${line.length} characters long).`)
    try {
      headers.append(line.slice(0, at).trim(), line.slice(at + 1).trim())
    } catch {
      throw usageError(`${line.slice(0, at).trim()} is no header that HTTP knows.`)
    }
  }
  return headers
}

/** An editor ends a file with a line break, which was not sent: the announced length tells. */
function bodyOf(headers: Headers, body: string): string {
  const announced = headers.get('content-length')
  const trimmed = body.replace(/\r?\n$/, '')
  return announced !== null && Buffer.byteLength(trimmed) === Number(announced) ? trimmed : body
}
