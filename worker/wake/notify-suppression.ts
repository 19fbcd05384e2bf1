// Notify suppression: when this listener polls so that writers need not notify, and when it may go idle.
//
// Writers notify only when no listener polls: a polling listener holds an advisory lock exclusively, and a writer first
// inserts its event and then tries to get the shared form of that lock (outbox.record). A NOTIFY serializes all commits of
// the server; so under load there is none, and a listener polls instead.
//
// A polling listener goes idle in three steps. (1) It gives the lock up. (2) It fans out, and remembers the next transaction
// id that was not yet assigned at that time. (3) It goes on fanning out until every transaction below that id has ended.
// Then it is idle. During steps 2 and 3 it is called quiescing.
//
// Why no event is lost. Take a writer that did not notify. It checked while the lock was held, before step 1, and it had
// inserted its event before it checked, so its transaction had an id, which is below the one of step 2. Either it had
// committed by then, and the fan-out of step 2 saw the event. Or it was in flight, and step 3 goes on until it has ended,
// with a fan-out whose own snapshot shows what it committed. A writer that checks after step 1 gets the lock and notifies,
// and this session listens. No timer is part of the argument.
//
// The upper end of a snapshot (xmax) would not do for step 2: it is one past the highest id that has ended, and transactions
// with higher ids may be in flight.
//
// When a polling listener dies, its lock goes with its session, and so does its place on call (on-call.ts). Only who is on call
// hears writers, polls, or watches who polls. A listener that starts polling announces it; the other one on call waits for the
// lock to come free (lock-watch.ts) and then takes steps 2 and 3 in its place. So does whoever comes on call.
import type { FanOutMeta } from '../../drizzle/store.ts'
import { HelpCall } from './help-call.ts'
import type { PeerMessage } from './peers.ts'

/**
 * With so many events in one window, notifications would cost the writers more than polling costs us. It is lower than what
 * many writers reach while their notifications hold them up: 388 commits a second, where each takes 2 ms.
 */
const busyEvents = 25
const windowMs = 100
/** A polling listener polls this often, */
const pollingPauseMs = 2
/** and becomes quiescing when nothing has come for so long, */
const lingerMs = 100
/** or when so many windows had fewer than busyEvents on average: then a notification is faster than the next poll. */
const quietWindows = 5
/** A long transaction is waited for with longer and longer pauses, up to this. */
const maxQuiescingPauseMs = 250

/** What must run on the listening session itself, because the lock must end with that session. */
export interface LockSession {
  /** False while there is none. */
  readonly isOpen: boolean
  /** It hears writers. */
  readonly isOnCall: boolean
  tryLock(): Promise<boolean>
  unlock(): Promise<void>
  /** Tells the other one on call that this listener polls. */
  announce(): Promise<void>
  /** So many of them, whichever. */
  tellPeers(message: PeerMessage, peers: number): Promise<void>
  /** Gives up its locks and its place on call. Never rejects. */
  leave(): Promise<void>
}

export interface NotifySuppressionPorts {
  readonly session: LockSession
  /** Calls back once nobody holds the lock any more. */
  readonly watchLock: (onFree: () => void) => void
  /** A peer has stopped polling: there may be events that nobody was notified of. */
  readonly onPeerStopped: () => void
  readonly pollSeconds: number
  readonly clock: () => number
}

type Polling = Extract<State, { name: 'polling' }>
type State =
  | { readonly name: 'idle' }
  | {
      readonly name: 'polling'
      lastWorkAt: number
      backlogSince: number
      /** Of the present quietWindows. */
      windowsBeganAt: number
      windowsEvents: number
    }
  /** `until`: idle once every transaction below has ended; null: the next fan-out's snapshot decides. */
  | { readonly name: 'quiescing'; until: bigint | null; pauseMs: number }

/** Compared by identity only. */
export type StateAtStart = Readonly<{ name: string }>

export class NotifySuppression {
  readonly #ports: NotifySuppressionPorts
  #state: State = quiescing()
  #watching = false
  #windowBeganAt = 0
  /** That this listener has fanned out. */
  #windowEvents = 0
  #sharers = 1
  readonly #backlog: HelpCall
  readonly #pending: HelpCall

  constructor(ports: NotifySuppressionPorts) {
    this.#ports = ports
    const peers = () => this.#sharers - 1
    this.#backlog = new HelpCall({ peers, ask: count => this.#tell('backlog', count) })
    this.#pending = new HelpCall({ peers, ask: count => this.#tell('pending', count) })
  }

  get state(): State['name'] {
    return this.#state.name
  }

  /** So many listeners share the work. */
  share(listeners: number): void {
    this.#sharers = listeners
  }

  /** Read when a fan-out starts, and handed back to note(). */
  get stateAtStart(): StateAtStart {
    return this.#state
  }

  /** A new session listens, or comes on call: what was known before is gone. */
  begin(): void {
    this.#state = this.#ports.session.isOnCall ? quiescing() : { name: 'idle' }
    this.watchPeer()
  }

  /** Nothing more will be fanned out: writers notify again, and those on call look for what this listener leaves. */
  async end(): Promise<void> {
    this.#state = { name: 'idle' }
    await this.#ports.session.leave()
  }

  /** A peer polls. When its lock comes free it went idle or died; either way this listener looks for what it left. */
  watchPeer(): void {
    if (this.#watching || this.#state.name === 'polling' || !this.#ports.session.isOnCall) return
    this.#watching = true
    this.#ports.watchLock(() => {
      this.#watching = false
      if (this.#state.name !== 'polling') this.#state = quiescing()
      this.#ports.onPeerStopped()
    })
  }

  /**
   * Takes notice of what a fan-out saw. `sawAll`: it fanned out everything that its snapshot showed. `stateAtStart`: the state
   * when the fan-out began. A session may be lost, or a peer's lock come free, while a fan-out runs: its snapshot is older
   * than that, and says nothing about writers that checked the lock in between.
   */
  note(meta: FanOutMeta, sawAll: boolean, stateAtStart: StateAtStart): void {
    const now = this.#ports.clock()
    if (now - this.#windowBeganAt > windowMs) {
      this.#windowBeganAt = now
      this.#windowEvents = 0
    }
    this.#windowEvents += meta.fanned
    if (this.#state.name === 'polling') {
      if (meta.fanned > 0) this.#state.lastWorkAt = now
      this.#state.windowsEvents += meta.fanned
      if (sawAll) this.#state.backlogSince = now
    }
    if (this.#state.name !== 'quiescing' || this.#state !== stateAtStart) return
    this.#state.until ??= meta.nextXid
    if (meta.fanned > 0) this.#state.pauseMs = pollingPauseMs
    if (sawAll && meta.xmin >= this.#state.until) this.#state = { name: 'idle' }
  }

  /** Called when the tables have nothing more for now. Returns for how many milliseconds to rest, unless woken. */
  async rest(): Promise<number> {
    const { session, pollSeconds, clock } = this.#ports
    if (!session.isOpen) return pollSeconds * 1000
    if (!session.isOnCall) return Number.POSITIVE_INFINITY
    if (this.#state.name !== 'polling' && !this.#watching && this.#isBusy) await this.#startPolling()
    if (this.#state.name === 'polling' && isQuiet(this.#state, clock())) {
      await session.unlock()
      this.#state = quiescing()
      return 0
    }
    return this.#restMs()
  }

  /** Called between statements while more events wait than this listener can take: its peers help. */
  reportBacklog(): void {
    const state = this.#state
    if (state.name === 'polling' && this.#ports.clock() - state.backlogSince < lingerMs) return
    if (this.#hasListeningPeers) this.#backlog.begin()
  }

  /** Called when deliveries may have been left pending for which this listener has no capacity. */
  reportPending(isStillPending: () => boolean): void {
    if (this.#hasListeningPeers) this.#pending.beginSoon(isStillPending)
  }

  /** Those who are not on call were told by somebody who is, and would only tell each other. */
  get #hasListeningPeers(): boolean {
    return this.#sharers > 1 && this.#ports.session.isOnCall
  }

  get #isBusy(): boolean {
    return this.#windowEvents >= busyEvents
  }

  async #startPolling(): Promise<void> {
    if (await this.#ports.session.tryLock()) {
      const now = this.#ports.clock()
      this.#state = {
        name: 'polling',
        lastWorkAt: now,
        backlogSince: now,
        windowsBeganAt: now,
        windowsEvents: 0,
      }
      this.#announce()
    } else {
      // Most likely a peer polls. If it was only a writer that checked at that moment, the watch ends at once.
      this.watchPeer()
    }
  }

  /** Neither is awaited: it queues behind the notifications of all writers, and work need not. */
  #announce(): void {
    // If the session is lost, its heartbeat says so.
    this.#ports.session.announce().catch(() => {})
  }

  #tell(message: PeerMessage, peers: number): void {
    this.#ports.session.tellPeers(message, peers).catch(() => {})
  }

  #restMs(): number {
    switch (this.#state.name) {
      case 'idle':
        return Number.POSITIVE_INFINITY
      case 'polling':
        return pollingPauseMs
      case 'quiescing': {
        const { pauseMs } = this.#state
        this.#state.pauseMs = Math.min(maxQuiescingPauseMs, pauseMs * 2)
        return pauseMs
      }
    }
  }
}

function quiescing(): State {
  return { name: 'quiescing', until: null, pauseMs: pollingPauseMs }
}

function isQuiet(state: Polling, now: number): boolean {
  if (now - state.lastWorkAt > lingerMs) return true
  if (now - state.windowsBeganAt < quietWindows * windowMs) return false
  const isQuiet = state.windowsEvents < quietWindows * busyEvents
  state.windowsBeganAt = now
  state.windowsEvents = 0
  return isQuiet
}
