// Claims what had to wait: retries whose time has come, what found no capacity in its lane, what a sender released. It runs
// beside the fan-out, so that no new event waits for a claim.
import type { EndpointId } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import { Loop } from '../loop.ts'
import type { Log } from '../observability/log.ts'
import type { Leasing } from './leasing.ts'

/** Endpoints one claim looks at. */
const scanLimit = 500
/** What one endpoint gets at a time while so many wait that one claim cannot serve them all. */
const smallPortion = 8
/** While events come: another sender may have released something, and nothing announces that. */
const recheckMs = 100
/** Slots of a lane with a rate limit are claimed this long before they come. */
const slotLeadSeconds = 0.15
/** Rather a little late than a little early, when nothing is due yet. */
const timerSlackMs = 5
const maxTimerMs = 2 ** 31 - 1

export interface ClaimLoopPorts {
  readonly store: Pick<Store, 'claim'>
  readonly lanes: { leaseLimit(): number }
  readonly leasing: Pick<Leasing, 'take'>
  readonly log: Log
  /** There is more to do than this listener can take. */
  readonly onBacklog: () => void
}

export class ClaimLoop {
  readonly #ports: ClaimLoopPorts
  readonly #loop: Loop
  /** Something may be due. */
  #due = true
  #claimedAt = Number.NEGATIVE_INFINITY
  #scanAfter: EndpointId | null = null
  #timer: { at: number; timeout: NodeJS.Timeout } | null = null

  constructor(ports: ClaimLoopPorts) {
    this.#ports = ports
    this.#loop = new Loop({
      statement: 'claim',
      failureMessage: 'could not claim, will try again',
      log: ports.log,
      work: () => this.#drain(),
    })
  }

  start(): void {
    this.#loop.start()
  }

  /** Something may be due. */
  wake(): void {
    this.#due = true
    this.#loop.notify()
  }

  /** Something will be due: it is claimed then, and not only at the next poll. */
  wakeIn(seconds: number): void {
    const at = performance.now() + seconds * 1000 + timerSlackMs
    if (this.#loop.isStopping || (this.#timer !== null && this.#timer.at <= at)) return
    clearTimeout(this.#timer?.timeout)
    const onTime = () => {
      this.#timer = null
      this.wake()
    }
    this.#timer = {
      at,
      timeout: setTimeout(onTime, Math.max(0, Math.min(at - performance.now(), maxTimerMs))),
    }
  }

  /** Events come, and another sender may have released something. Claims now, unless it has just done so. */
  recheckSoon(): void {
    const waitMs = this.#claimedAt + recheckMs - performance.now()
    if (waitMs <= 0) this.wake()
    else this.wakeIn(waitMs / 1000)
  }

  async stop(): Promise<void> {
    const stopped = this.#loop.stop()
    clearTimeout(this.#timer?.timeout)
    await stopped
  }

  /** Claims until nothing more is due that the lanes could take; then it rests until it is woken. */
  async #drain(): Promise<number> {
    while (this.#due && !this.#loop.isStopping) {
      const leaseLimit = this.#ports.lanes.leaseLimit()
      if (leaseLimit === 0) break
      this.#due = false
      this.#claimedAt = performance.now()
      try {
        if (!(await this.#claim(leaseLimit))) continue
        this.#due = true
        this.#ports.onBacklog()
      } catch (error) {
        this.#due = true
        throw error
      }
    }
    return Number.POSITIVE_INFINITY
  }

  /** Whether there is more. */
  async #claim(leaseLimit: number): Promise<boolean> {
    const { store, leasing } = this.#ports
    const scanAfter = this.#scanAfter
    const defaultCapacity = scanAfter === null ? leaseLimit : smallPortion
    const { deliveries, meta } = await leasing.take(
      'due',
      leaseLimit,
      request => store.claim({ ...request, defaultCapacity, scanAfter, scanLimit }),
      () => true,
    )
    this.#scanAfter = meta.scanCursor
    if (meta.nextDueIn !== null) this.wakeIn(meta.nextDueIn)
    if (meta.nextSlotIn !== null) this.wakeIn(Math.max(0.01, meta.nextSlotIn - slotLeadSeconds))
    return deliveries.length === leaseLimit || meta.scanCursor !== null || scanAfter !== null
  }
}
