// Claims what had to wait: retries whose time has come, what found no room in its lane, what somebody gave back. It works
// beside the listener's fan-out, so that no new event waits for a claim.
import type { EndpointId } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import type { Lanes } from '../lanes/lanes.ts'
import { Loop } from '../loop.ts'
import type { Log } from '../observability/log.ts'
import type { Leasing } from './leasing.ts'

/** Endpoints one claim looks at. */
const scanLimit = 500
/** What one endpoint gets at a time where so many wait that one claim can't serve them all. */
const smallPortion = 8
/** While others may have given something back without a word. */
const lookEveryMs = 100
/** Slots of a lane with a rate limit are claimed this long before they come. */
const slotLeadSeconds = 0.15
/** An alarm rings a little late rather than a little early, when nothing is due yet. */
const timerSlackMs = 5
const longestTimerMs = 2 ** 31 - 1

export interface ClaimLoopPorts {
  readonly store: Store
  readonly lanes: Lanes
  readonly leasing: Leasing
  readonly log: Log
  /** There is more to do than this listener can take. */
  readonly onStrain: () => void
}

export class ClaimLoop {
  readonly #ports: ClaimLoopPorts
  readonly #loop: Loop
  /** Something may be due. */
  #due = true
  #claimedAt = Number.NEGATIVE_INFINITY
  #scanAfter: EndpointId | null = null
  #alarm: { at: number; timer: NodeJS.Timeout } | null = null

  constructor(ports: ClaimLoopPorts) {
    this.#ports = ports
    this.#loop = new Loop({
      statement: 'claim',
      complaint: 'could not claim, will try again',
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
    this.#loop.ring()
  }

  /** Something will be due: look then, and not only at the next poll. */
  wakeIn(seconds: number): void {
    const at = performance.now() + seconds * 1000 + timerSlackMs
    if (this.#loop.isStopping || (this.#alarm !== null && this.#alarm.at <= at)) return
    clearTimeout(this.#alarm?.timer)
    const ring = () => {
      this.#alarm = null
      this.wake()
    }
    this.#alarm = { at, timer: setTimeout(ring, Math.min(at - performance.now(), longestTimerMs)) }
  }

  /** There is traffic: others may have given something back. Looks now, if it has not done so just before. */
  lookSoon(): void {
    const waitMs = this.#claimedAt + lookEveryMs - performance.now()
    if (waitMs <= 0) this.wake()
    else this.wakeIn(waitMs / 1000)
  }

  async stop(): Promise<void> {
    const stopped = this.#loop.stop()
    clearTimeout(this.#alarm?.timer)
    await stopped
  }

  /** Claims until nothing more is due that the lanes could take; then somebody will say so when there is. */
  async #drain(): Promise<number> {
    while (this.#due && !this.#loop.isStopping) {
      const leaseLimit = this.#ports.lanes.leaseLimit()
      if (leaseLimit === 0) break
      this.#due = false
      this.#claimedAt = performance.now()
      try {
        if (!(await this.#claim(leaseLimit))) continue
        this.#due = true
        this.#ports.onStrain()
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
    const { deliveries, meta } = await leasing.take('due', leaseLimit, request =>
      store.claim({
        ...request,
        defaultCapacity: scanAfter === null ? leaseLimit : smallPortion,
        scanAfter,
        scanLimit,
      }),
    )
    this.#scanAfter = meta.scanCursor
    if (meta.nextDueIn !== null) this.wakeIn(meta.nextDueIn)
    if (meta.nextSlotIn !== null) this.wakeIn(Math.max(0.01, meta.nextSlotIn - slotLeadSeconds))
    return deliveries.length === leaseLimit || meta.scanCursor !== null || scanAfter !== null
  }
}
