// How far this machine's clock is off the database's. Leases and schedules follow the database's, so a wrong clock makes
// nothing early or late. But `webhook-timestamp` is this clock's, and receivers refuse one that is five minutes off.
import type { Log } from './log.ts'

/** Well below what receivers allow, well above the error of a measurement over a slow link. */
const alarmingSeconds = 60
/** A slower answer, because the link or this process stood still, says too little about the time. */
const maxRoundTripSeconds = 5

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

  /** Times are in Unix seconds. `databaseSeconds` was read during the last `roundTripSeconds`. */
  note(databaseSeconds: number, ownSeconds: number, roundTripSeconds: number): void {
    if (roundTripSeconds > maxRoundTripSeconds) return
    const before = this.trouble
    this.skewSeconds = ownSeconds - databaseSeconds
    if ((before === null) === (this.trouble === null)) return
    if (this.trouble !== null) this.#log.error({ skew_seconds: Math.round(this.skewSeconds) }, this.trouble)
    else this.#log.info('the clock is right again')
  }
}
