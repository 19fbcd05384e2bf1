// Tells an outage of our own network from receivers that fail. When several endpoints that answered a while ago fall silent
// one after the other, and none answers any more, our network is down: then failures count neither as attempts nor against
// an endpoint, and one delivery goes out now and then until some endpoint answers.
import { EventEmitter } from 'node:events'
import { failures } from '../../delivery/failures.ts'
import type { EndpointId, Settlement } from '../../delivery/types.ts'

/** So many endpoints must have fallen silent. With fewer, the two cases cannot be told apart. */
const minSilentEndpoints = 3
/** An endpoint is known to be good while its last answer is not older than this. */
const knownGoodMs = 10 * 60_000
/** An outage is not assumed for longer: then failures count again, and the retry schedule outlasts the rest. */
const maxOutageMs = 60 * 60_000

type DetectorEvents = {
  /** Our own network seems to be down, or to be back. */
  change: [isDown: boolean]
}

export class NetworkOutageDetector extends EventEmitter<DetectorEvents> {
  readonly #clock: () => number
  readonly #answeredAt = new Map<EndpointId, number>()
  readonly #silent = new Set<EndpointId>()
  #downSince: number | null = null
  #wasDown = false

  constructor(clock: () => number) {
    super()
    this.#clock = clock
  }

  /** Our own network seems to be down. */
  get isDown(): boolean {
    return this.#downSince !== null && this.#clock() - this.#downSince < maxOutageMs
  }

  /** Takes notice of an attempt, and returns its settlement: unchanged, or excused if the fault is our own. */
  assess(settlement: Settlement): Settlement {
    const assessed = this.#assess(settlement)
    const { isDown } = this
    if (isDown !== this.#wasDown) {
      this.#wasDown = isDown
      this.emit('change', isDown)
    }
    return assessed
  }

  #assess(settlement: Settlement): Settlement {
    if (settlement.status !== null) this.#noteAnswer(settlement.endpointId)
    else if (settlement.error !== null && failures[settlement.error].mayBeOurNetwork)
      this.#noteSilence(settlement.endpointId)
    else return settlement
    return this.isDown && settlement.status === null ? excused(settlement) : settlement
  }

  #noteAnswer(endpoint: EndpointId): void {
    this.#answeredAt.delete(endpoint)
    this.#answeredAt.set(endpoint, this.#clock())
    if (this.#silent.size > 0) this.#silent.clear()
    this.#downSince = null
    const [oldest] = this.#answeredAt
    if (oldest !== undefined && this.#clock() - oldest[1] > knownGoodMs) this.#answeredAt.delete(oldest[0])
  }

  #noteSilence(endpoint: EndpointId): void {
    const answeredAt = this.#answeredAt.get(endpoint)
    if (answeredAt === undefined || this.#clock() - answeredAt > knownGoodMs) return
    this.#silent.add(endpoint)
    if (this.#silent.size >= minSilentEndpoints) this.#downSince ??= this.#clock()
  }
}

/** Due at once: another sender may have a network, and this one pauses. */
function excused(settlement: Settlement): Settlement {
  return { ...settlement, state: 'pending', retryInSeconds: 0, countsAsAttempt: false }
}
