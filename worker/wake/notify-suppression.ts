// Quiet wake-up: when this listener is awake, and when it may sleep.
//
// Writers notify only when they find nobody awake: an awake listener holds an advisory lock exclusively, and a writer
// first inserts its event and then looks whether it gets the lock's shared form (outbox.record). A NOTIFY serializes all
// commits of the server; so under load there are none, and the listener that is awake polls.
//
// Falling asleep takes three steps. (1) It gives the lock up. (2) It fans out, and remembers the next transaction id that
// nobody had by then. (3) It goes on fanning out until every transaction below that id has ended. Then it sleeps.
//
// Why no event is lost. Take a writer that did not notify. It looked while the lock was held, before step 1, and it had
// inserted its event before it looked, so its transaction had an id, which is below the one of step 2. Either it had
// committed by then, and the fan-out of step 2 saw the event. Or it was in flight, and step 3 goes on until it has ended,
// with a fan-out whose own snapshot shows what it committed. A writer that looks after step 1 finds nobody awake and
// notifies, and this session listens. No timer is part of the argument.
//
// A snapshot's own upper end (xmax) would not do for step 2: it is one past the highest id that has ended, and whoever came
// after that may be in flight all the same.
//
// When the awake listener dies, its lock goes with its session. Its peers watch over that lock (watch.ts): the one who
// goes awake says so, and whoever hears it waits for the lock to come free, then does steps 2 and 3 in its place.
import type { FanOutMeta } from '../../drizzle/store.ts'

/**
 * So many events in one window mean that notifications would cost the writers more than polling costs us. Fewer than what
 * is left of many writers while their notifications hold them up: 388 commits a second, where each takes 2 ms.
 */
const busyEvents = 25
const windowMs = 100
/** An awake listener looks again after this time, */
const awakePollMs = 2
/** and begins to fall asleep when so long nothing has come, */
const lingerMs = 100
/** or in so many windows less than busyEvents on average: an event is sooner sent when it notifies than when it waits for a heartbeat. */
const quietWindows = 5
/** While a long transaction is waited for, looks become rarer, down to this. */
const longestDrowsyPollMs = 250
/** An awake listener that cannot keep up calls its peers this often. */
const callEveryMs = 250

/** What is done on the very session that listens, because its end must be the end of the lock. */
export interface ListeningSession {
  /** False while there is none. */
  readonly isOpen: boolean
  tryLock(): Promise<boolean>
  unlock(): Promise<void>
  /** Tells the peers. */
  call(): Promise<void>
}

export interface NotifySuppressionPorts {
  readonly session: ListeningSession
  /** Calls back once nobody holds the lock any more. */
  readonly watch: (onFree: () => void) => void
  readonly wake: () => void
  readonly pollSeconds: number
  readonly clock: () => number
}

type Awake = Extract<State, { name: 'awake' }>
type State =
  | { readonly name: 'asleep' }
  | {
      readonly name: 'awake'
      lastWork: number
      workingSince: number
      calledAt: number
      /** Of the present quietWindows. */
      began: number
      events: number
    }
  /** `until`: sleeps once every transaction below has ended; null: the next fan-out's snapshot decides. */
  | { readonly name: 'drowsy'; until: bigint | null; pollMs: number }

/** Known by identity only. */
export type Stance = Readonly<{ name: string }>

export class NotifySuppression {
  readonly #ports: NotifySuppressionPorts
  #state: State = drowsy()
  #watching = false
  #windowBegan = 0
  #windowEvents = 0

  constructor(ports: NotifySuppressionPorts) {
    this.#ports = ports
  }

  get state(): State['name'] {
    return this.#state.name
  }

  /** What a fan-out that begins now may be taken for: handed back to note(). */
  get stance(): Stance {
    return this.#state
  }

  /** A new session listens: what it held and what it knew is gone with the old one. */
  begin(): void {
    this.#state = drowsy()
    this.watchOver()
  }

  /** Somebody else is awake: when its lock comes free, it sleeps or it has died; in both cases look after it. */
  watchOver(): void {
    if (this.#watching || this.#state.name === 'awake') return
    this.#watching = true
    this.#ports.watch(() => {
      this.#watching = false
      if (this.#state.name !== 'awake') this.#state = drowsy()
      this.#ports.wake()
    })
  }

  /**
   * Takes notice of what a fan-out saw. `sawAll`: it fanned out everything that its snapshot showed. `stance`: as it was when
   * the fan-out began. A session may be lost, or a peer's lock come free, while one is on its way: its snapshot is older
   * than that, and says nothing about writers who looked in between.
   */
  note(meta: FanOutMeta, sawAll: boolean, stance: Stance): void {
    const now = this.#ports.clock()
    if (now - this.#windowBegan > windowMs) {
      this.#windowBegan = now
      this.#windowEvents = 0
    }
    this.#windowEvents += meta.fanned
    if (this.#state.name === 'awake') {
      if (meta.fanned > 0) this.#state.lastWork = now
      this.#state.events += meta.fanned
      if (sawAll) this.#state.workingSince = now
    }
    if (this.#state.name !== 'drowsy' || this.#state !== stance) return
    this.#state.until ??= meta.nextXid
    if (meta.fanned > 0) this.#state.pollMs = awakePollMs
    if (sawAll && meta.xmin >= this.#state.until) this.#state = { name: 'asleep' }
  }

  /** Called when the tables have nothing more for now. Returns for how many milliseconds to rest, unless woken. */
  async rest(): Promise<number> {
    const { session, pollSeconds, clock } = this.#ports
    if (!session.isOpen) return pollSeconds * 1000
    if (this.#state.name !== 'awake' && !this.#watching && this.#windowEvents >= busyEvents)
      await this.#rise()
    if (this.#state.name === 'awake' && isQuiet(this.#state, clock())) {
      await session.unlock()
      this.#state = drowsy()
      return 0
    }
    return this.#restMs()
  }

  /** Called between statements while there is more to do than this listener can take. */
  strain(): void {
    const state = this.#state
    const now = this.#ports.clock()
    if (state.name !== 'awake' || now - state.workingSince < lingerMs || now - state.calledAt < callEveryMs)
      return
    state.calledAt = now
    this.#call()
  }

  async #rise(): Promise<void> {
    if (await this.#ports.session.tryLock()) {
      const now = this.#ports.clock()
      this.#state = { name: 'awake', lastWork: now, workingSince: now, calledAt: now, began: now, events: 0 }
      this.#call()
    } else {
      // Most likely somebody is awake; and if it was only a writer who looked at that moment, we are told at once.
      this.watchOver()
    }
  }

  /** Not waited for: it queues up behind the notifications of all writers, and work need not. */
  #call(): void {
    // Where the session is lost, its heartbeat says so.
    this.#ports.session.call().catch(() => {})
  }

  #restMs(): number {
    switch (this.#state.name) {
      case 'asleep':
        return Number.POSITIVE_INFINITY
      case 'awake':
        return awakePollMs
      case 'drowsy': {
        const { pollMs } = this.#state
        this.#state.pollMs = Math.min(longestDrowsyPollMs, pollMs * 2)
        return pollMs
      }
    }
  }
}

function drowsy(): State {
  return { name: 'drowsy', until: null, pollMs: awakePollMs }
}

function isQuiet(state: Awake, now: number): boolean {
  if (now - state.lastWork > lingerMs) return true
  if (now - state.began < quietWindows * windowMs) return false
  const isQuiet = state.events < quietWindows * busyEvents
  state.began = now
  state.events = 0
  return isQuiet
}
