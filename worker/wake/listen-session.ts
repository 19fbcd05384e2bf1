// The session that listens. A notification is a hint; this session's heartbeat is the promise: it finds work that no
// notification told of, and notices a link that has silently died or a channel that is no longer registered.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Run } from '../../drizzle/run.ts'
import { createStore, type Heartbeat, type StoreOptions } from '../../drizzle/store.ts'
import { type Database, hangUp, runOn, sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'
import type { ListeningSession } from './notify-suppression.ts'

/** An answer to the heartbeat that takes longer means that the link is dead. */
const heartbeatTimeoutMs = 5_000
const heartbeatTimeout = 'HEARTBEAT_TIMEOUT'
/** What Postgres says to whoever wants to write, or to listen, on a server that is a standby or read-only. */
const readOnly = '25006'
/** A notification to oneself comes with the answer. */
const echoTimeoutMs = 2_000
const shortestPauseMs = 200
const longestPauseMs = 5_000
/** A writer that is just looking holds the lock for some microseconds. */
const lockTries = 5

export interface ListenSessionPorts {
  readonly database: Database
  readonly storeOptions: StoreOptions
  readonly pollSeconds: number
  readonly log: Log
  readonly random: () => number
  readonly onNotification: () => void
  /** A listener says that it is awake, and may want help. */
  readonly onCall: () => void
  /** A new session listens: anything may have happened meanwhile. */
  readonly onListening: () => void
  /** What the heartbeat saw, and how many seconds it took to be answered. */
  readonly onHeartbeat: (heartbeat: Heartbeat, roundTripSeconds: number) => void
}

export class ListenSession implements ListeningSession {
  readonly #ports: ListenSessionPorts
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #client: pg.Client | null = null
  /** Statements on this session go one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #lastPid: number | null = null
  #heard: number | null = null
  #readOnly = false
  /** Notifications come through. */
  #hears = false
  #onEcho = () => {}
  reconnects = 0

  constructor(ports: ListenSessionPorts) {
    this.#ports = ports
    this.#done = this.#listenForEver()
  }

  /** Why this listener cannot hear the database at the moment; null = it does. */
  get trouble(): string | null {
    if (this.#readOnly) return 'the database is read-only'
    if (this.#heard === null) return 'not connected to the database'
    if (performance.now() - this.#heard > this.#ports.pollSeconds * 1000 + heartbeatTimeoutMs)
      return 'the database has not answered the heartbeat'
    return null
  }

  /** Not for a session that is deaf: it may hold no lock and be nobody's hope of waking up. */
  get isOpen(): boolean {
    return this.#client !== null && this.#hears
  }

  async tryLock(): Promise<boolean> {
    for (let tries = 0; tries < lockTries; tries++) {
      const [row] = await this.#ask('select pg_try_advisory_lock(1869967992, 2)')
      if (row![0] === true) return true
    }
    return false
  }

  async unlock(): Promise<void> {
    await this.#ask('select pg_advisory_unlock(1869967992, 2)')
  }

  async call(): Promise<void> {
    // Into a full queue it would fail (outbox.must_notify); peers then poll.
    await this.#ask(`select pg_notify('outbox', '${callPayload}') where pg_notification_queue_usage() < 0.5`)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  #ask(text: string): Promise<unknown[][]> {
    return this.#run({ name: '', text }, [])
  }

  readonly #run: Run = (statement, parameters) => {
    const client = this.#client
    if (client === null) return Promise.reject(new Error('nobody listens'))
    const answer = this.#turn.then(() => runOn(client)(statement, parameters))
    this.#turn = answer.catch(() => {})
    return answer
  }

  async #listenForEver(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      try {
        const client = await this.#ports.database.connect()
        this.#client = client
        this.#turn = Promise.resolve()
        await this.#listen(client, () => {
          failures = 0
        })
      } catch (error) {
        if (this.#stop.signal.aborted) break
        this.reconnects++
        const code = sqlstate(error)
        this.#readOnly = code === readOnly
        if (code === heartbeatTimeout || code === readOnly) this.#ports.database.hangUp()
        this.#ports.log.warn({ sqlstate: code, failures }, 'lost the database, connecting again')
      } finally {
        this.#letGo()
      }
      const pause = Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(failures, 10))
      await sleep(pause * (0.5 + this.#ports.random()), null, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  /** Ends only by throwing: the connection is lost, silent, or no longer registered; or we are told to stop. */
  async #listen(client: pg.Client, onReady: () => void): Promise<void> {
    const { pollSeconds, onHeartbeat, onListening, log, storeOptions } = this.#ports
    const ended = endOf(client, this.#stop.signal)
    const store = createStore(this.#run, storeOptions)
    client.on('notification', ({ channel, processId, payload }) => {
      const isOwn = processId === pidOf(client)
      if (channel === 'outbox') this.#hear(payload, isOwn)
      else if (isOwn) this.#onEcho()
    })
    await Promise.race([ended, this.#ask('listen outbox')])
    await Promise.race([ended, this.#endPredecessor(client)])
    this.#hears = await Promise.race([ended, this.#hearsItself()])
    if (this.#hears) log.info('listening')
    else log.error({ poll_seconds: pollSeconds }, deaf)
    onListening()
    for (;;) {
      const asked = performance.now()
      const heartbeat = await Promise.race([
        ended,
        store.heartbeat(),
        expire(heartbeatTimeoutMs, this.#stop.signal),
      ])
      if (this.#hears && !heartbeat.listening) throw new Error('the channel is no longer registered')
      this.#heard = performance.now()
      onHeartbeat(heartbeat, (this.#heard - asked) / 1000)
      // After a failover the writable server is elsewhere, and this one may keep its old connections for ever.
      if (heartbeat.readOnly) throw Object.assign(new Error('the database is read-only'), { code: readOnly })
      this.#readOnly = false
      onReady()
      // Deaf, or only frozen while the echo was waited for.
      if (!this.#hears && (await Promise.race([ended, this.#hearsItself()])))
        throw new Error('notifications come through now')
      await Promise.race([ended, sleep(pollSeconds * 1000, null, { signal: this.#stop.signal })])
    }
  }

  #hear(payload: string | undefined, isOwn: boolean): void {
    if (payload === callPayload && isOwn) return
    if (payload === callPayload) this.#ports.onCall()
    this.#ports.onNotification()
  }

  /** A transaction pooler says yes to LISTEN, and nothing ever comes. Its own channel, so that nobody else is woken. */
  async #hearsItself(): Promise<boolean> {
    const echo = new Promise<boolean>(resolve => {
      this.#onEcho = () => resolve(true)
    })
    await this.#ask('listen outbox_echo')
    // Into a full queue it would fail; writers send none then, so that this session hears nothing, either.
    await this.#ask(`select pg_notify('outbox_echo', '') where pg_notification_queue_usage() < 0.5`)
    const hears = await Promise.race([echo, sleep(echoTimeoutMs, false, { ref: false })])
    await this.#ask('unlisten outbox_echo')
    return hears
  }

  /** The session before this one may live on at the server, where it would still count as awake. */
  async #endPredecessor(client: pg.Client): Promise<void> {
    const pid = this.#lastPid
    this.#lastPid = pidOf(client)
    if (pid === null) return
    await this.#run(
      {
        name: '',
        text: `select pg_terminate_backend(pid) from pg_stat_activity
               where pid = $1 and application_name = current_setting('application_name') and pid <> pg_backend_pid()`,
      },
      [pid],
    )
  }

  #letGo(): void {
    const client = this.#client
    this.#client = null
    this.#heard = null
    this.#hears = false
    if (client === null) return
    client.end().catch(() => {})
    hangUp(client)
  }
}

const callPayload = 'awake'
const deaf =
  'a notification to itself did not arrive: expected the direct connection to Postgres, and this may be a transaction ' +
  'pooler, or the server’s queue of notifications is full. Events are found by polling alone now, that much later.'

function pidOf(client: pg.Client): number {
  return (client as unknown as { processID: number }).processID
}

function endOf(client: pg.Client, stop: AbortSignal): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    client.once('end', () => reject(new Error('the connection ended')))
    stop.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
  })
  ended.catch(() => {})
  return ended
}

async function expire(milliseconds: number, signal: AbortSignal): Promise<never> {
  await sleep(milliseconds, null, { signal, ref: false })
  throw Object.assign(new Error('no answer to the heartbeat'), { code: heartbeatTimeout })
}
