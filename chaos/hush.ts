// A hush: nothing is wrong and hardly anything happens. Now every event must come at once, above all those that are easily
// missed: transactions that looked while a listener was awake, and commit when it sleeps and nobody else writes.
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Ledger } from './ledger.ts'
import type { Request, Write } from './records.ts'
import { transact } from './writers.ts'

const rounds = 3
/** Enough, and in large enough pieces, that one listener goes awake whoever else takes its share. */
const burst = { writers: 3, transactions: 20, events: 10 }
/** The stragglers look in the middle of the burst, */
const lookMs = 200
/** and commit so long after: while the listener lingers, falls asleep, and sleeps. */
const holdMs = [250, 350, 500, 700, 900]
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
      const writers = Array.from({ length: burst.writers }, () => this.#burst())
      const stragglers = holdMs.map(ms => this.#write({ lookMs, holdMs: ms, promptly: true }))
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

  async #burst(): Promise<void> {
    for (let n = 0; n < burst.transactions; n++) await this.#write({ events: burst.events })
  }

  /** Returns the tokens of one transaction's events. */
  async #write({ events = 1, lookMs = 0, holdMs = 0, promptly = false }): Promise<string[]> {
    const tokens = Array.from({ length: events }, () => `hush-${++this.#tokens}`)
    const outcome = await transact(this.#ports.pool, 'commit', async client => {
      await wait(lookMs)
      await client.query(
        `with fact as (insert into chaos.facts select unnest($1::text[]))
         select outbox.emit('hush.broken', jsonb_build_object('token', token)) from unnest($1::text[]) as token`,
        [tokens],
      )
      await wait(holdMs)
    })
    for (const token of tokens) this.#ports.ledger.append({ token, outcome, at: Date.now(), promptly })
    return tokens
  }
}
