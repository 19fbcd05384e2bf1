// Waits until no listener polls any more: until the polling listener's lock comes free, because it went idle or died.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Database, hangUp } from '../database.ts'

/** The lock is requested again this often, so that a link that has died silently is noticed. */
const lockTimeout = '10s'
const lockNotAvailable = '55P03'
const pauseMs = 1_000

export class LockWatch {
  readonly #database: Pick<Database, 'connect'>
  readonly #stopping = new AbortController()
  #client: pg.Client | null = null
  #waiting: Promise<void> | null = null

  constructor(database: Pick<Database, 'connect'>) {
    this.#database = database
  }

  /** Calls back once. One at a time. */
  begin(onFree: () => void): void {
    this.#waiting = this.#wait().then(() => {
      this.#waiting = null
      if (!this.#stopping.signal.aborted) onFree()
    })
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    this.#hangUp()
    await this.#waiting
  }

  async #wait(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        this.#client ??= await this.#connect()
        await this.#client.query('select pg_advisory_lock_shared(1869967992, 2)')
        await this.#client.query('select pg_advisory_unlock_shared(1869967992, 2)')
        return
      } catch (error) {
        if ((error as { code?: string }).code === lockNotAvailable) continue
        this.#hangUp()
        await sleep(pauseMs, null, { signal: this.#stopping.signal }).catch(() => {})
      }
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = await this.#database.connect()
    await client.query(`set lock_timeout = '${lockTimeout}'`)
    // close() may have been called meanwhile, when there was no connection to hang up on yet.
    if (this.#stopping.signal.aborted) {
      await client.end()
      throw new Error('stopped')
    }
    return client
  }

  #hangUp(): void {
    const client = this.#client
    this.#client = null
    client?.end().catch(() => {})
    if (client !== null) hangUp(client)
  }
}
