// One webhook to the receiver on this machine. Its time limit counts only seconds in which this process ran: whoever closes
// the laptop in the middle of a request has not let it time out.

export interface Seen {
  /** null = no answer came. */
  readonly status: number | null
  readonly error: 'timeout' | 'connection' | 'dns' | 'tls' | null
  readonly duration_ms: number
  readonly response_body: string | null
}

const timeoutSeconds = 30
const maxBodyBytes = 1_024

interface FinishedRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export async function postTo(url: string, { headers, body }: FinishedRequest): Promise<Seen> {
  const begun = performance.now()
  const limit = awakeLimit(timeoutSeconds)
  const took = () => Math.min(3_600_000, Math.round(performance.now() - begun))
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: limit.signal,
    })
    const text = await response.text()
    const response_body = Buffer.from(text).subarray(0, maxBodyBytes).toString('utf8').replaceAll('\0', '')
    return { status: response.status, error: null, duration_ms: took(), response_body }
  } catch (error) {
    return { status: null, error: kindOf(error, limit.signal), duration_ms: took(), response_body: null }
  } finally {
    limit.end()
  }
}

function kindOf(error: unknown, signal: AbortSignal): Seen['error'] {
  if (signal.aborted) return 'timeout'
  const code = String((error as { cause?: { code?: unknown } }).cause?.code ?? '')
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code)) return 'dns'
  return /CERT|TLS|SSL|UNABLE_/.test(code) ? 'tls' : 'connection'
}

function awakeLimit(seconds: number) {
  const controller = new AbortController()
  let left = seconds
  const timer = setInterval(() => {
    if (--left <= 0) controller.abort()
  }, 1_000)
  return { signal: controller.signal, end: () => clearInterval(timer) }
}
