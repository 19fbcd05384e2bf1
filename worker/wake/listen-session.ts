// The session that listens: connects, and connects again. A notification is a hint. The heartbeat is the guarantee: it finds
// work that no notification announced, and detects a link that has died or a channel that is no longer registered.
import { setTimeout as sleep } from 'node:timers/promises'
import { createStore, type StoreOptions } from '../../drizzle/store.ts'
import { type Database, sqlstate } from '../database.ts'
import { isHeld } from '../identity-check.ts'
import { databaseProblem } from '../observability/database-problem.ts'
import type { Degradation } from '../observability/degradation.ts'
import type { Log } from '../observability/log.ts'
import { refuseForeignSchema, refuseOutgrown } from '../schema-check.ts'
import { hearsItself } from './echo-test.ts'
import {
  answerInTime,
  askHeartbeat,
  concernsAllConnections,
  heartbeatTimeoutMs,
  readOnlyServer,
  refuseReadOnly,
} from './heartbeat.ts'
import { announcement, Incoming } from './incoming.ts'
import { ListeningConnection } from './listening-connection.ts'
import type { LockSession } from './notify-suppression.ts'
import { OnCall } from './on-call.ts'
import { type PeerMessage, peersChannel, tellPeers } from './peers.ts'
import type { WakeEvents } from './wake-events.ts'

const minPauseMs = 200
const maxPauseMs = 5_000
/** A writer that checks the lock holds it for some microseconds. */
const lockTries = 5
const deaf =
  'a notification to itself did not arrive: expected the direct connection to Postgres, and this may be a transaction ' +
  'pooler, or the server’s queue of notifications is full. Until this changes, events are found by polling, and so later.'

export interface ListenSessionPorts {
  readonly database: Pick<Database, 'connect' | 'hangUp' | 'identity'>
  readonly storeOptions: StoreOptions
  readonly pollSeconds: number
  readonly log: Log
  readonly random: () => number
  readonly events: WakeEvents
  /** On while events are found by polling, because notifications do not arrive. */
  readonly polling: Pick<Degradation, 'begin' | 'end'>
  /** It hears writers without taking a place on call (on-call.ts). */
  readonly hearsBesides: boolean
}

export class ListenSession implements LockSession {
  readonly #ports: ListenSessionPorts
  readonly #stop = new AbortController()
  #done: Promise<void> = Promise.resolve()
  #connection: ListeningConnection | null = null
  #onCall: OnCall | null = null
  #incoming: Incoming | null = null
  #lastPid: number | null = null
  #answeredAt: number | null = null
  #readOnly = false
  /** Why there is no session, or none that can be used. */
  #problem: string | null = null
  /** Notifications come through. */
  #hears = false
  /** Of this database, by the last heartbeat. */
  #listeners = 1
  reconnects = 0

  constructor(ports: ListenSessionPorts) {
    this.#ports = ports
  }

  /** Does not wait for the database: whether there is a session, `trouble` says. */
  start(): void {
    this.#done = this.#keepListening()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  /** Why this listener cannot reach the database at the moment; null = it can. */
  get trouble(): string | null {
    if (this.#readOnly) return 'the database is read-only'
    if (this.#answeredAt === null)
      return this.#problem === null
        ? 'not connected to the database'
        : `cannot use the database: ${this.#problem}`
    if (performance.now() - this.#answeredAt > this.#ports.pollSeconds * 1000 + heartbeatTimeoutMs)
      return 'the database has not answered the heartbeat'
    return null
  }

  /** A deaf session does not count: it must not hold the lock, because it could not be woken after giving it up. */
  get isOpen(): boolean {
    return this.#connection !== null && this.#hears
  }

  get isOnCall(): boolean {
    return this.isOpen && this.#onCall?.place != null
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

  async announce(): Promise<void> {
    // Would fail if the queue were full (outbox.must_notify); the other one on call polls then.
    await this.#ask(`select pg_notify('outbox', '${announcement}') where pg_notification_queue_usage() < 0.5`)
  }

  async tellPeers(message: PeerMessage, peers?: number): Promise<void> {
    if (this.#connection !== null) await tellPeers(this.#connection, message, peers)
  }

  /** Nothing more will be fanned out here: another one takes the place on call, and writers notify again. */
  async leave(): Promise<void> {
    const onCall = this.#onCall
    if (onCall === null) return
    try {
      await onCall.leave()
      await this.tellPeers('left')
    } catch {
      // The session is lost, and the locks with it.
    }
  }

  async #ask(text: string): Promise<unknown[][]> {
    if (this.#connection === null) throw new Error('no session listens')
    return this.#connection.ask(text)
  }

  async #keepListening(): Promise<void> {
    const { database, random } = this.#ports
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      try {
        this.#connection = new ListeningConnection(await database.connect(), this.#stop.signal)
        await this.#listen(this.#connection, () => {
          failures = 0
        })
      } catch (error) {
        if (this.#stop.signal.aborted) break
        this.#noteLoss(error, failures)
      } finally {
        this.#letGo()
      }
      const pauseMs = Math.min(maxPauseMs, minPauseMs * 2 ** Math.min(failures, 10))
      await sleep(pauseMs * (0.5 + random()), null, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  /** Ends only by throwing: the connection is lost, silent, or no longer registered; or the session is closed. */
  async #listen(connection: ListeningConnection, onHealthy: () => void): Promise<never> {
    const { database, pollSeconds, events, polling, log, storeOptions, random, hearsBesides } = this.#ports
    const store = createStore(connection.run, storeOptions)
    const onCall = new OnCall(connection, hearsBesides)
    const incoming = new Incoming({
      events,
      random,
      place: () => onCall.place,
      listeners: () => this.#listeners,
      // What goes wrong here the heartbeat finds.
      identify: () => void database.identity.pass(connection.run).catch(() => {}),
      takePlace: () => void this.#takePlace(onCall).catch(() => {}),
    })
    this.#onCall = onCall
    this.#incoming = incoming
    connection.on('notification', notification => incoming.receive(notification))
    await answerInTime(connection, refuseForeignSchema(connection.run))
    await answerInTime(connection, database.identity.pass(connection.run))
    await answerInTime(connection, connection.ask(`listen ${peersChannel}`))
    await answerInTime(connection, this.#endPredecessor(connection))
    this.#hears = await answerInTime(connection, hearsItself(connection))
    if (this.#hears) await answerInTime(connection, onCall.take())
    if (this.#hears) log.info('listening')
    else this.#noteDeaf()
    events.emit('listening')
    for (let beats = 1; ; beats++) {
      if (beats > 1) await answerInTime(connection, this.#takePlace(onCall))
      const { heartbeat, answeredAt, roundTripSeconds } = await askHeartbeat(connection, store)
      const isRegistered = heartbeat.listening && (heartbeat.hearsWriters || onCall.place === null)
      if (this.#hears && !isRegistered) throw new Error('the channel is no longer registered')
      this.#answeredAt = answeredAt
      this.#listeners = heartbeat.listeners
      // Before anybody hears of work that may be another database's.
      if (heartbeat.asked && !heartbeat.readOnly)
        await answerInTime(connection, database.identity.pass(connection.run))
      events.emit('heartbeat', heartbeat, roundTripSeconds)
      refuseReadOnly(heartbeat)
      refuseOutgrown(heartbeat)
      this.#readOnly = false
      this.#problem = null
      onHealthy()
      // One answer may come over a link that dies again at once. Two prove that the link lasts.
      if (this.#hears && beats > 1) polling.end()
      // It was deaf, or only frozen while it waited for the echo.
      if (!this.#hears && (await hearsItself(connection))) throw new Error('notifications come through now')
      await connection.pause(pollSeconds * 1000)
    }
  }

  async #takePlace(onCall: OnCall): Promise<void> {
    if (this.#hears && (await onCall.take())) this.#ports.events.emit('onCall')
  }

  /** The session before this one may live on at the server, where its lock would still tell writers not to notify. */
  async #endPredecessor(connection: ListeningConnection): Promise<void> {
    const predecessor = this.#lastPid
    this.#lastPid = await connection.identify()
    if (predecessor === null) return
    await connection.ask(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where pid = $1 and application_name = current_setting('application_name') and pid <> pg_backend_pid()`,
      [predecessor],
    )
  }

  #noteDeaf(): void {
    const { log, polling, pollSeconds } = this.#ports
    polling.begin('a notification to itself did not arrive')
    log.error({ poll_seconds: pollSeconds }, deaf)
  }

  #noteLoss(error: unknown, failures: number): void {
    const { database, log, polling } = this.#ports
    const code = sqlstate(error)
    this.reconnects++
    this.#readOnly = code === readOnlyServer
    this.#problem = databaseProblem(error)
    // What was held later than it was connected must not send over its other connections: they are asked again.
    if (concernsAllConnections(code) || isHeld(error)) database.hangUp()
    polling.begin(`the listening session was lost (${code})`)
    if (isHeld(error)) return
    log.warn(
      { sqlstate: code, failures, problem: this.#problem },
      'cannot use the database, connecting again',
    )
  }

  #letGo(): void {
    this.#incoming?.close()
    this.#incoming = null
    this.#connection?.close()
    this.#connection = null
    this.#onCall = null
    this.#answeredAt = null
    this.#hears = false
  }
}
