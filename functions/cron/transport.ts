// Sends with fetch, checked and bounded. What the URL alone gives away is refused here. fetch resolves names by itself, so
// names of private addresses are left to the platform (Cloudflare's edge reaches no private network).
import { type Response as Answer, SendError, type Transport } from '../../delivery/send.ts'
import { checkEndpointUrl, type EgressPolicy } from '../../delivery/url.ts'

/** The rest of a response's body is not read. */
const maxBodyBytes = 65_536

export function fetchTransport(policy: EgressPolicy): Transport {
  return async (request, signal) => {
    const checked = checkEndpointUrl(request.url, policy)
    if (!checked.ok) throw new SendError(checked.error)
    const headers = inPairs([...request.headers, 'accept-encoding', 'identity'])
    const init = { method: 'POST', headers, body: request.body, redirect: 'manual', signal } as const
    const response = await fetch(checked.url, init).catch(() => {
      throw new SendError(failureKind(signal))
    })
    // workerd skips the other 1xx by itself. This one nobody asked for.
    if (response.status === 101) throw new SendError('bad_response')
    return toAnswer(response)
  }
}

function inPairs(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!])
  return pairs
}

/** By exclusion: workerd's errors say too little to tell DNS, TLS and a refused connection apart. */
function failureKind(signal: AbortSignal) {
  if (!signal.aborted) return 'connection'
  return signal.reason?.name === 'TimeoutError' ? 'timeout' : 'interrupted'
}

async function toAnswer(response: Response): Promise<Answer> {
  const { status, headers, body } = response
  return {
    status,
    retryAfter: headers.get('retry-after'),
    date: headers.get('date'),
    body: body ? await readSome(body) : new Uint8Array(),
  }
}

/** The status decides: of a body that breaks off, or drips until the deadline, the part that arrived is kept. */
async function readSome(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = body.getReader()
  const read = new Uint8Array(maxBodyBytes)
  let length = 0
  try {
    while (length < maxBodyBytes) {
      const { done, value } = await reader.read()
      if (done) break
      const part = value.subarray(0, maxBodyBytes - length)
      read.set(part, length)
      length += part.length
    }
  } catch {
    // The body broke off.
  }
  // Closes the connection of a body that has not ended.
  reader.cancel().catch(() => {})
  return read.subarray(0, length)
}
