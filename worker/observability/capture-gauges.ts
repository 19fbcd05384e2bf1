// The self-check of capture as gauges. The database is asked once a minute at most, even if Prometheus asks more often.
import { Gauge, type Registry } from 'prom-client'
import type { CaptureCheck } from '../../drizzle/capture-health.ts'

const freshForMs = 60_000

export interface CaptureGaugesPorts {
  readonly read: () => Promise<CaptureCheck[]>
  readonly onTrouble: (error: unknown) => void
  /** Milliseconds that only grow. */
  readonly clock: () => number
}

export function addCaptureGauges(registry: Registry, { read, onTrouble, clock }: CaptureGaugesPorts): void {
  let readAt = Number.NEGATIVE_INFINITY
  let reading = Promise.resolve()
  /** One answer for both gauges. */
  const refresh = () => {
    if (clock() - readAt >= freshForMs) {
      readAt = clock()
      reading = readAll()
    }
    return reading
  }
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['check'], registers: [registry], collect: refresh })
  const value = gauge('outbox_capture', 'The self-check of capture: what each check measured.')
  const healthy = gauge(
    'outbox_capture_healthy',
    '1 if the check passes. What to do if it is 0: GET /v1/health/capture.',
  )

  async function readAll(): Promise<void> {
    try {
      const checks = await read()
      for (const check of checks) {
        value.set({ check: check.name }, check.value)
        healthy.set({ check: check.name }, check.healthy ? 1 : 0)
      }
    } catch (error) {
      // An unknown value is better missing than old.
      value.reset()
      healthy.reset()
      onTrouble(error)
    }
  }
}
