// When a listener lets go of its database, so that one that scales to zero may do so, and when it comes back.
//
//   waking ──started──▶ awake ──quiet──▶ stopping ──stopped──▶ looking ──looked──▶ asleep
//     ▲                                                          │  ▲                │
//     └────────────── something is due, or somebody has rung ────┘  └── its time ────┤
//     └───────────────────────────────── ring ───────────────────────────────────────┘
//
// Awake it is an ordinary listener. Falling asleep, it stops in good order and then looks once, on a connection of its own: when
// is the next thing due? Asleep it has no connection at all.
//
// Why nothing is lost. A ring is counted when it comes. Whoever writes through the API rings after the commit, so the commit is
// either before the snapshot of the look, which finds it, or its ring comes after the count was read, which was before the look;
// then the counts differ, and the listener wakes. Who writes past the API rings nobody: that is found at the next look, which is
// never further away than `lookEveryMs`. A process that dies begins awake.
import { wakeUpAt } from '../../delivery/sleep.ts'

export interface SleepTimes {
  /** Without a ring it looks so often, for what was written past the API. */
  readonly lookEveryMs: number
}

export type SleepState =
  | { readonly name: 'waking' | 'awake' }
  /** `rings`: how many had come before it began to let go, or to look. */
  | { readonly name: 'stopping' | 'looking'; readonly rings: number }
  | { readonly name: 'asleep'; readonly until: number }

export type SleepEvent =
  | { readonly name: 'started' | 'quiet' | 'stopped' | 'look failed' | 'time' | 'ring' }
  /** In how many milliseconds something is due; null = nothing waits. */
  | { readonly name: 'looked'; readonly dueInMs: number | null }

/** What has to be done now; null = nothing but to wait. */
export type SleepCommand = 'start' | 'stop' | 'look' | 'wait' | null

/** The database did not answer: it may be starting, or the network is down. */
const lookAgainMs = 5_000

export class SleepRule {
  readonly #times: SleepTimes
  #state: SleepState = { name: 'waking' }
  #rings = 0

  constructor(times: SleepTimes) {
    this.#times = times
  }

  get state(): SleepState {
    return this.#state
  }

  /** `now`: Unix time in milliseconds. With `wait` the event `time` is to come at the state's `until`. */
  step(event: SleepEvent, now: number): SleepCommand {
    const state = this.#state
    switch (event.name) {
      case 'ring':
        this.#rings++
        return state.name === 'asleep' ? this.#wake() : null
      case 'started':
        this.#state = { name: 'awake' }
        return null
      case 'quiet':
        if (state.name !== 'awake') return null
        this.#state = { name: 'stopping', rings: this.#rings }
        return 'stop'
      case 'stopped':
        if (state.name !== 'stopping') return null
        this.#state = { name: 'looking', rings: state.rings }
        return 'look'
      case 'time':
        if (state.name !== 'asleep') return null
        if (now < state.until) return 'wait' // timers are early by a part of a millisecond
        this.#state = { name: 'looking', rings: this.#rings }
        return 'look'
      case 'looked':
      case 'look failed': {
        if (state.name !== 'looking') return null
        if (state.rings !== this.#rings) return this.#wake()
        if (event.name !== 'looked') return this.#sleepUntil(now + lookAgainMs)
        const { dueInMs } = event
        if (dueInMs !== null && dueInMs <= 0) return this.#wake()
        return this.#sleepUntil(this.#nextLook(dueInMs, now))
      }
    }
  }

  #wake(): SleepCommand {
    this.#state = { name: 'waking' }
    return 'start'
  }

  #sleepUntil(until: number): SleepCommand {
    this.#state = { name: 'asleep', until }
    return 'wait'
  }

  #nextLook(dueInMs: number | null, now: number): number {
    const safety = now + this.#times.lookEveryMs
    return Math.min(safety, wakeUpAt(dueInMs, now) ?? safety)
  }
}
