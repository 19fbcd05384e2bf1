// A hush: nothing is wrong and hardly anything happens. Now every event must come at once, above all those that are easily
// missed: transactions that looked while a listener was awake, and commit when it sleeps and nobody else writes.
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Ledger } from './ledger.ts'
import type { Request, Write } from './records.ts'
import { transact } from './writers.ts'

const rounds = 3
const bursts = 6
const eventsPerBurst = 40
/** They commit so long after they have looked: while the listener lingers, falls asleep, and sleeps. */
const holdMs = [250, 350, 450, 600, 800]
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
      const writing = Array.from({ length: bursts }, () => this.#burst())
      const held = holdMs.map(ms => this.#write(ms, true))
      await Promise.all([...writing, ...held])
      await wait(promptMs)
    }
  }

  /** Back to normal when some events in a row come at once. If that takes too long, the last one goes on record as late. */
  async #untilNormal(): Promise<void> {
    const deadline = Date.now() + recoveryMs
    for (let prompt = 0; prompt < promptInARow; ) {
      const isLastChance = Date.now() > deadline
      const token = await this.#write(0, isLastChance)
      const came = await this.#comesPromptly(token)
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
    for (let n = 0; n < eventsPerBurst; n++) await this.#write(0, false)
  }

  async #write(holdMs: number, promptly: boolean): Promise<string> {
    const token = `hush-${++this.#tokens}`
    const outcome = await transact(this.#ports.pool, 'commit', async client => {
      await wait(holdMs / 4)
      await client.query(
        `with fact as (insert into chaos.facts values ($1))
         select outbox.emit('hush.broken', jsonb_build_object('token', $1::text))`,
        [token],
      )
      await wait((holdMs * 3) / 4)
    })
    this.#ports.ledger.append({ token, outcome, at: Date.now(), promptly })
    return token
  }
}
