// What may have been done to a body on its way: undoes it, and sees whether the signature fits then.
import { verify } from '../../delivery/verify.ts'
import type { RecordedRequest } from './request.ts'

const alterations: Readonly<Record<string, (text: string) => string>> = {
  'a line break stands at its end that was not sent': text => text.replace(/\r?\n$/, ''),
  'line breaks became CRLF': text => text.replaceAll('\r\n', '\n'),
  'it was parsed and written again, with spaces': text => JSON.stringify(JSON.parse(text)),
  'a byte order mark stands at its beginning': text => text.replace(/^\uFEFF/, ''),
}

/** null = none of these, so it may as well be the secret. */
export async function alterationOf(
  { headers, body }: RecordedRequest,
  secrets: readonly string[],
  nowSeconds: number,
): Promise<string | null> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true, fatal: false }).decode(body)
  for (const [name, undo] of Object.entries(alterations)) {
    const before = tried(undo, text)
    if (before === null || before === text) continue
    const verified = await verify(headers, new TextEncoder().encode(before), secrets, nowSeconds)
    if (verified.ok) return name
  }
  return null
}

function tried(undo: (text: string) => string, text: string): string | null {
  try {
    return undo(text)
  } catch {
    return null
  }
}
