// A quiet period: nothing is wrong and hardly anything is written. Every event must now arrive promptly, above all those
// that are easily missed: their transactions found a polling listener, did not notify, and commit when it is idle again.
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Journal } from './journal.ts'
import type { ReceivedRequest, Write } from './records.ts'
import { transact } from './writers.ts'

const rounds = 3
/** Large enough that one listener starts polling, even if others take a share. Repeated until all slow transactions have emitted. */
const burst = { writers: 3, events: 10 }
/** Slow transactions emit as soon as a listener polls. If none does, they emit after this time, */
const longestBurstMs = 3_000
/** and commit this much later: while the listener still polls, while it is quiescing, and when it is idle. */
const openMs = [250, 350, 500, 700, 900]
/** An event that takes longer than this is late. */
export const promptMs = 2_000
/** Longest time for the last fault's consequences: a dead link is noticed after a poll and a heartbeat. */
export const recoveryMs = 30_000
const promptInARow = 3

interface Ports {
  pool: pg.Pool
  journal: Journal<Write>
  /** The request with this event, if one has arrived. */
  find(token: string): ReceivedRequest | undefined
}

export class QuietPeriods {
  readonly #ports: Ports
  #tokens = 0

  constructor(ports: Ports) {
    this.#ports = ports
  }

  async runOne(): Promise<void> {
    await this.#untilNormal()
    for (let round = 0; round < rounds; round++) {
      const polling = this.#untilPolling()
      const emitting = new Set(openMs)
      const slowTransactions = openMs.map(ms => {
        const onEmitted = () => void emitting.delete(ms)
        return this.#write({ after: polling, onEmitted, openMs: ms, promptly: true }).finally(onEmitted)
      })
      const writers = Array.from({ length: burst.writers }, async () => {
        while (emitting.size > 0) await this.#write({ events: burst.events })
      })
      await Promise.all([...writers, ...slowTransactions])
      await wait(promptMs + 500) // otherwise the next round would wake a listener that has missed an event
    }
  }

  /** Back to normal when several events in a row are prompt. If that takes too long, the last one is recorded as late. */
  async #untilNormal(): Promise<void> {
    const deadline = Date.now() + recoveryMs
    for (let prompt = 0; prompt < promptInARow; ) {
      const isLastChance = Date.now() > deadline
      const [token] = await this.#write({ promptly: isLastChance })
      const came = await this.#comesPromptly(token!)
      prompt = came ? prompt + 1 : 0
      if (isLastChance && !came) return
      await wait(300)
    }
  }

  async #comesPromptly(token: string): Promise<boolean> {
    for (const end = Date.now() + promptMs; Date.now() < end; await wait(20)) {
      if (this.#ports.find(token)) return true
    }
    return false
  }

  /** A polling listener holds this lock (worker/wake/notify-suppression.ts). */
  async #untilPolling(): Promise<void> {
    for (const end = Date.now() + longestBurstMs; Date.now() < end; await wait(10)) {
      const { rows } = await this.#ports.pool.query(
        `select from pg_locks where locktype = 'advisory' and classid = 1869967992 and objid = 2 and mode = 'ExclusiveLock'`,
      )
      if (rows.length > 0) return
    }
  }

  /** Returns the tokens of one transaction's events. */
  async #write({
    events = 1,
    after = Promise.resolve(),
    onEmitted = () => {},
    openMs = 0,
    promptly = false,
  }) {
    const tokens = Array.from({ length: events }, () => `quiet-${++this.#tokens}`)
    const outcome = await transact(this.#ports.pool, 'commit', async client => {
      await after
      await client
        .query(
          `with fact as (insert into chaos.facts select unnest($1::text[]))
         select outbox.emit('quiet.recorded', jsonb_build_object('token', token)) from unnest($1::text[]) as token`,
          [tokens],
        )
        .finally(onEmitted)
      await wait(openMs)
    })
    for (const token of tokens) this.#ports.journal.append({ token, outcome, at: Date.now(), promptly })
    return tokens
  }
}
