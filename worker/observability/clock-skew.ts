// How far this machine's clock is off the database's. Leases and schedules follow the database's, so nothing is early or
// late for it; but `webhook-timestamp` is this clock's, and receivers refuse one that is five minutes off.
import type { Log } from './log.ts'

/** Well below what receivers allow, well above what a measurement over a slow link may err. */
const alarmingSeconds = 60
/** An answer that took longer, because the link or this process stood still, says too little about the time. */
const longestRoundTripSeconds = 5

export class ClockSkew {
  /** This clock minus the database's. */
  skewSeconds = 0
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** What is wrong with the clock, for /readyz; null = nothing. */
  get trouble(): string | null {
    if (Math.abs(this.skewSeconds) < alarmingSeconds) return null
    const direction = this.skewSeconds > 0 ? 'ahead of' : 'behind'
    return `this clock is ${Math.abs(Math.round(this.skewSeconds))} s ${direction} the database's: receivers may refuse webhooks`
  }

  /** `databaseSeconds` was the database's time, so many seconds ago at most. Both in Unix seconds. */
  note(databaseSeconds: number, ownSeconds: number, roundTripSeconds: number): void {
    if (roundTripSeconds > longestRoundTripSeconds) return
    const before = this.trouble
    this.skewSeconds = ownSeconds - databaseSeconds
    if ((before === null) === (this.trouble === null)) return
    if (this.trouble !== null) this.#log.error({ skew_seconds: Math.round(this.skewSeconds) }, this.trouble)
    else this.#log.info('the clock is right again')
  }
}
