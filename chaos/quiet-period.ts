// A hush: nothing is wrong and hardly anything happens. Now every event must come at once, above all those that are easily
// missed: transactions that looked while a listener was awake, and commit when it sleeps and nobody else writes.
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Ledger } from './journal.ts'
import type { Request, Write } from './records.ts'
import { transact } from './writers.ts'

const rounds = 3
/** Large enough pieces that one listener goes awake whoever else takes its share. They come until the stragglers have looked. */
const burst = { writers: 3, events: 10 }
/** The stragglers look once a listener is awake, or, should none go awake, after this time, */
const longestBurstMs = 3_000
/** and commit so long after: while the listener lingers, falls asleep, and sleeps. */
const timingPadMs = [250, 350, 500, 700, 900]
/** An event that comes later than this is late. */
export const promptMs = 2_000
/** Longest time for the last fault's consequences: a dead link is noticed after a poll and a heartbeat. */
export const recoveryMs = 30_000
const promptInARow = 3

interface Ports {
  pool: pg.Pool
  ledger: Ledger<Write>
  /** What the receivers have seen of this event. */
  find(token: string): Request | undefined
}

export class Hushes {
  readonly #ports: Ports
  #tokens = 0

  constructor(ports: Ports) {
    this.#ports = ports
  }

  async hold(): Promise<void> {
    await this.#untilNormal()
    for (let round = 0; round < rounds; round++) {
      const awake = this.#untilAwake()
      const looking = new Set(timingPadMs)
      const stragglers = timingPadMs.map(ms => {
        const onLooked = () => void looking.delete(ms)
        return this.#write({ after: awake, onLooked, timingPadMs: ms, promptly: true }).finally(onLooked)
      })
      const writers = Array.from({ length: burst.writers }, async () => {
        while (looking.size > 0) await this.#write({ events: burst.events })
      })
      await Promise.all([...writers, ...stragglers])
      await wait(promptMs + 500) // or the next round would wake whoever has missed something
    }
  }

  /** Back to normal when some events in a row come at once. If that takes too long, the last one goes on record as late. */
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

  /** A listener that is awake holds this lock (worker/wake/notify-suppression.ts). */
  async #untilAwake(): Promise<void> {
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
    onLooked = () => {},
    timingPadMs = 0,
    promptly = false,
  }) {
    const tokens = Array.from({ length: events }, () => `hush-${++this.#tokens}`)
    const outcome = await transact(this.#ports.pool, 'commit', async client => {
      await after
      await client
        .query(
          `with fact as (insert into chaos.facts select unnest($1::text[]))
         select outbox.emit('hush.broken', jsonb_build_object('token', token)) from unnest($1::text[]) as token`,
          [tokens],
        )
        .finally(onLooked)
      await wait(timingPadMs)
    })
    for (const token of tokens) this.#ports.ledger.append({ token, outcome, at: Date.now(), promptly })
    return tokens
  }
}
