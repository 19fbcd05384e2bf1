// One wide line for each attempt, JSON on standard output. Nothing secret ever gets here: urls, payloads, parameters and
// signatures are not logged by construction, not by redaction.
import pino from 'pino'
import type { Endpoint, Leased, Settlement } from '../delivery/types.ts'
import { Output } from './output.ts'

export type Log = pino.Logger

let output: Output | null = null

export function openLog(level: string, name: string): Log {
  output ??= new Output(process.stdout)
  return pino({ level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime }, output)
}

export function logAttempt(log: Log, delivery: Leased, endpoint: Endpoint, settlement: Settlement): void {
  const line = {
    event: delivery.webhookId,
    endpoint: endpoint.publicId,
    delivery: delivery.publicId,
    type: delivery.type,
    attempt: delivery.attempt,
    outcome: settlement.error ?? 'success',
    status: settlement.status,
    duration_ms: settlement.durationMs,
    decision: settlement.state === 'pending' ? 'retry' : settlement.state,
    retry_in_seconds: settlement.retryInSeconds,
  }
  if (settlement.error === null) log.info(line, 'attempt')
  else log.warn(line, 'attempt')
}
