// Adds from time to time what the senders have tallied to the history of the attempts. Several listeners may try: one does it.
import { maxTallies } from '../../drizzle/history.ts'
import { foldAttempts } from '../../drizzle/queries.gen.ts'
import type { Run } from '../../drizzle/run.ts'
import { Repeated, type RepeatedPorts } from './repeated.ts'

/** What comes more seldom has more to add to each row, and costs less for each attempt. */
const maxShare = 0.005
const maxPauseMs = 60_000

interface HistoryPorts extends Pick<RepeatedPorts, 'everyMs' | 'clock' | 'onTrouble'> {
  readonly run: Run
  readonly keepDays: number
}

export function createHistory({ run, keepDays, ...ports }: HistoryPorts): Repeated {
  const work = async () => (await foldAttempts(run, { keepDays, maxTallies })).folded === maxTallies
  return new Repeated({ ...ports, work, maxShare, maxPauseMs })
}
