// Wakes a listener that sleeps (worker/observability/health-port.ts).
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'
import type { DoorbellSettings } from './settings.ts'

const timeoutMs = 5_000

/** Whether it has heard. */
export async function wakeListener({ url, token }: NonNullable<DoorbellSettings['wake']>): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${token}` }
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(url, { method: 'POST', headers, signal, redirect: 'manual' })
    await answer.body?.cancel()
    if (answer.status === 202) return true
    log('the listener could not be woken', { status: answer.status })
  } catch (error) {
    log('the listener could not be woken', { error: safeReason(error) })
  }
  return false
}
