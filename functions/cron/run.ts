// The cron function: every minute it delivers what is due, with the listener's own statements and its own deliver(). While
// a listener runs that is next to nothing; without one it is everything.

import { type Send, sendThrough } from '../../delivery/send.ts'
import type { DeliverySettings } from '../../delivery/settings.ts'
import type { Leased } from '../../delivery/types.ts'
import { version } from '../../delivery/version.ts'
import { maxTallies } from '../../drizzle/history.ts'
import { type HeldReason, heldSentences } from '../../drizzle/identity.ts'
import { nextDue, noteCronRun, noteFailedCronRun } from '../../drizzle/queries.gen.ts'
import type { Store } from '../../drizzle/store.ts'
import { type Database, openDatabase } from '../db.ts'
import { ringAt } from '../edge/ring.ts'
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'
import { budgetedStore } from '../sending/budgeted-store.ts'
import { type Env, readSettings, type Settings } from '../settings.ts'
import { Budget, type Limit, runSeconds } from './budget.ts'
import { Claimer } from './claim.ts'
import { findHoldFor } from './identity.ts'
import { keepPartitions } from './partitions.ts'
import { type Rewrapped, rewrapOldSeals } from './rewrap.ts'
import { Sender } from './send.ts'
import { Settlements } from './settle.ts'
import { fetchTransport } from './transport.ts'

const rescueLimit = 500

export interface Report extends Rewrapped {
  readonly rescued: number
  readonly delivered: number
  readonly failed: number
  readonly subrequests: number
  /** Why it stopped: nothing more was due, others send, or a limit was reached and the next run goes on. */
  readonly stopped: 'nothing due' | 'left to the consumers' | 'held' | Limit
  /** Why nothing was sent at all (drizzle/identity.ts); null = nothing kept it from sending. */
  readonly held: string | null
  /** With a doorbell: when there is something to do again; null = nothing waits, or no doorbell asks. */
  readonly nextInSeconds: number | null
}

export interface CronOptions {
  /** How webhooks are sent. Default: with fetch, which outside Cloudflare may reach private networks by name. */
  readonly send?: Send
  /** When it is aborted, the run starts nothing more, and ends as at a limit. */
  readonly stopping?: AbortSignal
}

/** No run takes longer. */
export const runTimeoutSeconds = ({
  requestTimeoutSeconds,
}: Pick<DeliverySettings, 'requestTimeoutSeconds'>) => runSeconds + requestTimeoutSeconds + 5

export async function runCron(env: Env, { send, stopping }: CronOptions = {}): Promise<Report> {
  const settings = await readSettings(env)
  const budget = new Budget(settings.maxSubrequests, {
    rewraps: settings.keyring.keyIds.length > 1,
    stopping,
  })
  // One database for the whole run.
  const db = openDatabase(settings, { deadlineSeconds: runTimeoutSeconds(settings.delivery) })
  try {
    const held = await findHoldFor(db, settings, budget, { counts: true })
    if (held !== null) return { ...heldBecause(held), subrequests: budget.subrequests }
    const store = budgetedStore(db, settings, budget, 'cron')
    const rescued = await store.rescue(rescueLimit, settings.delivery.retrySchedule)
    const sent = (await ringAt(settings.edge?.dispatcher))
      ? leftToConsumers
      : await deliverDue(store, settings, {
          budget,
          send: send ?? sendThrough(fetchTransport(settings.delivery)),
        })
    const sealed = await rewrapOldSeals(store, settings.keyring, budget)
    await keepPartitions(store, settings.delivery, budget)
    await noteRun(db, budget, sent, settings.historyDays)
    const nextInSeconds = settings.doorbell === null ? null : await findNext(db, budget, sent)
    return { rescued, ...sent, ...sealed, held, nextInSeconds, subrequests: budget.subrequests }
  } catch (error) {
    await noteFailure(db, budget, error)
    throw error
  } finally {
    await db.close()
  }
}

/** Somebody may vouch for an unknown address soon. Everything else takes a person, who rings by adopting. */
const heldBecause = (reason: HeldReason) => ({
  ...{ rescued: 0, delivered: 0, failed: 0, rewrapped: 0, unopened: 0 },
  stopped: 'held' as const,
  held: heldSentences[reason],
  nextInSeconds: reason === 'unknown' ? 60 : null,
})

/** What this run could not do is tried again after so long. */
const minPauseSeconds = 5
const consumersSeconds = 60

async function findNext(db: Database, budget: Budget, { stopped }: Sent): Promise<number | null> {
  if (stopped === 'time' || stopped === 'subrequests') return 0
  budget.spend()
  const { dueIn } = await nextDue(db.run, { maintains: false })
  if (dueIn === null) return null
  return Math.max(dueIn, stopped === 'left to the consumers' ? consumersSeconds : minPauseSeconds)
}

/** For GET /v1/listeners, the alarms and the history. All that the run was for is done, so a failure here does not make it fail. */
async function noteRun(
  db: Database,
  budget: Budget,
  { delivered, failed, stopped }: Sent,
  keepDays: number,
): Promise<void> {
  budget.spend()
  const { lastedSeconds } = budget
  const noted = { version, lastedSeconds, delivered, failed, stopped, keepDays, maxTallies }
  await noteCronRun(db.run, noted).catch(() => {
    log('cron run not noted', {})
  })
}

/** For GET /v1/listeners. Where the database is why it failed, this may fail too: the log has it. */
async function noteFailure(db: Database, { lastedSeconds }: Budget, error: unknown): Promise<void> {
  const failure = safeReason(error)
  log('cron run failed', { failure })
  await noteFailedCronRun(db.run, { version, lastedSeconds, failure }).catch(() => {})
}

type Sent = Pick<Report, 'delivered' | 'failed' | 'stopped'>

/** With edge sending, unless the dispatcher cannot be reached. */
const leftToConsumers: Sent = { delivered: 0, failed: 0, stopped: 'left to the consumers' }

async function deliverDue(
  store: Store,
  settings: Settings,
  { budget, send }: { budget: Budget; send: Send },
): Promise<Sent> {
  const claimer = new Claimer(store, settings.delivery.leaseSeconds)
  const settlements = new Settlements(store)
  const sender = new Sender(store, settings, { budget, settlements, send })
  let queue: Leased[] = []
  let stopped: Sent['stopped'] | null = budget.reached
  while (stopped === null) {
    if (queue.length === 0) {
      const claimed = await claimer.claim(budget.deliveriesLeft)
      queue = await sender.prepare(claimed.deliveries)
      if (!claimed.mayHaveMore) {
        // What is in flight may unblock something: the next event of a key, or more after a probe.
        await sender.finish()
        if (await settlements.settle()) continue
        stopped = 'nothing due'
        break
      }
    }
    await sender.sendNext(queue)
    await settlements.settleFullBatch()
    stopped = budget.reached
  }
  await sender.finish()
  await store.release(queue)
  await settlements.settle()
  return { ...settlements.counts, stopped }
}
