// The rule of the doorbell: when somebody has to look into the database, and when not. So one that scales to zero may stay asleep.
//
// Who writes through the API rings afterwards. Who wants to look asks first, and gets a token: how many had rung by then. Who has
// looked says so with the token, and says when the next thing is due.
//
// Why nothing is lost. A ring after the token was given is more than the token, so it stays unanswered. A look that crashes answers
// nothing: when it must be over, the next one who asks may look. Who writes past the API rings nobody; that is found at the next
// look, which is never further away than `lookEveryMs`. A doorbell that has forgotten everything is born rung.
import { wakeUpAt } from '../../delivery/sleep.ts'
import { sooner } from '../edge/messages.ts'

export interface BellTimes {
  /** Without a ring somebody looks so often, for what was written past the API. */
  readonly lookEveryMs: number
  /** A look that has taken longer has crashed. */
  readonly maxLookMs: number
  /** Rings that come closer together make one look. */
  readonly minPauseMs: number
}

/** All of it is kept. Times are Unix milliseconds. */
export interface Bell {
  readonly rings: number
  /** The highest token that has been answered. */
  readonly answered: number
  /** The last token that was given, when, and until when its look may take. */
  readonly asked: number
  readonly askedAt: number
  readonly askedUntil: number
  readonly dueAt: number | null
  readonly lookedAt: number
}

export const newBell: Bell = {
  rings: 1,
  answered: 0,
  asked: 0,
  askedAt: 0,
  askedUntil: 0,
  dueAt: null,
  lookedAt: 0,
}

export interface Asked {
  readonly why: 'rung' | 'due' | 'time to look'
  readonly token: number
}

export interface Looked {
  readonly token: number
  /** null = the look has failed. */
  readonly found: { readonly nextInSeconds: number | null } | null
}

/** After a failure, such as a database that cannot be reached. */
const afterFailureMs = 10_000

export class BellRule {
  readonly #times: BellTimes
  #bell: Bell

  constructor(times: BellTimes, bell: Bell) {
    this.#times = times
    this.#bell = bell
  }

  get bell(): Bell {
    return this.#bell
  }

  ring(): void {
    this.#set({ rings: this.#bell.rings + 1 })
  }

  /** null = nobody has rung, nothing is due, or somebody is looking. */
  ask(now: number): Asked | null {
    const why = this.#why(now)
    if (why === null) return null
    const { rings } = this.#bell
    this.#set({ asked: rings, askedAt: now, askedUntil: now + this.#times.maxLookMs })
    return { why, token: rings }
  }

  /** `dueInMs`: of the next thing; null = nothing waits. */
  looked(token: number, dueInMs: number | null, now: number): void {
    const { answered, dueAt } = this.#bell
    const next = wakeUpAt(dueInMs, now)
    // Where a later look was quicker, neither is known to be the newer.
    this.#answer(token, token < answered ? sooner(dueAt, next) : next)
    this.#set({ lookedAt: now })
  }

  /** A listener took over: it knows itself what is due next. What it does not do waits for the next look. */
  handedOver(token: number): void {
    this.#answer(token, null)
  }

  failed(token: number, now: number): void {
    if (token === this.#bell.asked) this.#set({ askedUntil: now + afterFailureMs })
  }

  /** When somebody is to ask; may be past. */
  get nextAt(): number {
    const { rings, answered, asked, askedAt, askedUntil, dueAt, lookedAt } = this.#bell
    const { lookEveryMs, minPauseMs } = this.#times
    const known = Math.max(askedUntil, Math.min(dueAt ?? Number.POSITIVE_INFINITY, lookedAt + lookEveryMs))
    if (rings === answered) return known
    const rung = rings > asked ? askedAt + minPauseMs : askedUntil
    return Math.min(rung, known)
  }

  #why(now: number): Asked['why'] | null {
    const { rings, answered, asked, askedUntil, dueAt, lookedAt } = this.#bell
    const isLooking = now < askedUntil
    if (rings > answered && (rings > asked || !isLooking)) return 'rung'
    if (isLooking) return null
    if (dueAt !== null && dueAt <= now) return 'due'
    return lookedAt + this.#times.lookEveryMs <= now ? 'time to look' : null
  }

  #answer(token: number, dueAt: number | null): void {
    const { answered, asked, askedUntil } = this.#bell
    this.#set({
      answered: Math.max(answered, token),
      dueAt,
      askedUntil: token === asked ? 0 : askedUntil,
    })
  }

  #set(change: Partial<Bell>): void {
    this.#bell = { ...this.#bell, ...change }
  }
}
