// The session that listens. A notification is a hint; this session's heartbeat is the promise: it finds work that no
// notification told of, and notices a link that has silently died or a channel that is no longer registered.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { createStore, type Look, type StoreOptions } from '../drizzle/store.ts'
import { type Database, runOn, sqlstate } from './database.ts'
import type { Log } from './log.ts'

/** An answer to the heartbeat that takes longer means that the link is dead. */
const heartbeatTimeoutMs = 5_000
const shortestPauseMs = 200
const longestPauseMs = 5_000

export interface EarsPorts {
  readonly database: Database
  readonly storeOptions: StoreOptions
  readonly pollSeconds: number
  readonly log: Log
  readonly random: () => number
  /** Called for every notification, and with what the heartbeat saw; null: a new session listens, look at everything. */
  readonly onNotification: () => void
  readonly onLook: (look: Look | null) => void
}

export class Ears {
  readonly #ports: EarsPorts
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #heard: number | null = null
  #readOnly = false
  reconnects = 0

  constructor(ports: EarsPorts) {
    this.#ports = ports
    this.#done = this.#listenForEver()
  }

  /** Why this listener cannot hear the database at the moment; null = it does. */
  get trouble(): string | null {
    if (this.#heard === null) return 'not connected to the database'
    if (performance.now() - this.#heard > this.#ports.pollSeconds * 1000 + heartbeatTimeoutMs)
      return 'the database has not answered the heartbeat'
    return this.#readOnly ? 'the database is read-only' : null
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #listenForEver(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      let client: pg.Client | null = null
      try {
        client = await this.#ports.database.connect()
        await this.#listen(client, () => {
          failures = 0
        })
      } catch (error) {
        if (this.#stop.signal.aborted) break
        this.#heard = null
        this.reconnects++
        this.#ports.log.warn({ sqlstate: sqlstate(error), failures }, 'lost the database, connecting again')
      } finally {
        // A link that swallows everything never answers a goodbye: hang up.
        client?.end().catch(() => {})
        if (client !== null)
          (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
      }
      const pause = Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(failures, 10))
      await sleep(pause * (0.5 + this.#ports.random()), null, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  /** Ends only by throwing: the connection is lost, silent, or no longer registered; or we are told to stop. */
  async #listen(client: pg.Client, onReady: () => void): Promise<void> {
    const { pollSeconds, onLook, onNotification, log, storeOptions } = this.#ports
    const ended = new Promise<never>((_, reject) => {
      client.once('end', () => reject(new Error('the connection ended')))
      this.#stop.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
    })
    ended.catch(() => {})
    const store = createStore(runOn(client), storeOptions)
    client.on('notification', onNotification)
    await Promise.race([ended, client.query('listen outbox')])
    log.info('listening')
    onLook(null)
    for (;;) {
      const look = await Promise.race([ended, store.look(), expire(heartbeatTimeoutMs, this.#stop.signal)])
      if (!look.listening) throw new Error('the channel is no longer registered')
      this.#heard = performance.now()
      this.#readOnly = look.readOnly
      onReady()
      onLook(look)
      await Promise.race([ended, sleep(pollSeconds * 1000, null, { signal: this.#stop.signal })])
    }
  }
}

async function expire(milliseconds: number, signal: AbortSignal): Promise<never> {
  await sleep(milliseconds, null, { signal, ref: false })
  throw Object.assign(new Error('no answer to the heartbeat'), { code: 'HEARTBEAT_TIMEOUT' })
}
