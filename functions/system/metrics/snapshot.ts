// The gauges of the database, remembered for a moment, so that several that ask cost the database one measurement.
// Requests never wait for one another's: a Worker's promises belong to the request that has made them.
import {
  captureGauges,
  databaseGauges,
  identityGauges,
  readCaptureGauges,
  readDatabaseGauges,
  readIdentityGauges,
} from '../../../drizzle/gauges.ts'
import type { Run } from '../../../drizzle/run.ts'
import type { Settings } from '../../settings.ts'
import { exposition } from './exposition.ts'

const freshForMs = 15_000

const remembered = new WeakMap<Settings, { readonly text: string; readonly takenAt: number }>()

export async function readSnapshot(run: Run, settings: Settings): Promise<string> {
  const known = remembered.get(settings)
  if (known && Date.now() - known.takenAt < freshForMs) return known.text
  const samples = await Promise.all([
    readDatabaseGauges(run, settings.metricsEndpoints),
    readCaptureGauges(run),
    readIdentityGauges(run),
  ])
  const text = exposition({ ...databaseGauges, ...captureGauges, ...identityGauges }, samples.flat())
  remembered.set(settings, { text, takenAt: Date.now() })
  return text
}
