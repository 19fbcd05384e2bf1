// One ring of the dispatcher, over HTTP.
import type { EarSettings } from './settings.ts'

const timeoutMs = 10_000

export class RingError extends Error {
  /** For the log, in the place of an SQLSTATE. */
  readonly code: string
  constructor(code: string) {
    super(`POST /v1/ring: ${code}`)
    this.code = code
  }
}

export async function postRing({
  ringUrl,
  ringKey,
}: Pick<EarSettings, 'ringUrl' | 'ringKey'>): Promise<void> {
  const headers = { authorization: `Bearer ${ringKey}` }
  const signal = AbortSignal.timeout(timeoutMs)
  const answer = await fetch(ringUrl, { method: 'POST', headers, signal, redirect: 'error' }).catch(() => {
    throw new RingError('no answer')
  })
  await answer.body?.cancel()
  if (!answer.ok) throw new RingError(`status ${answer.status}`)
}
