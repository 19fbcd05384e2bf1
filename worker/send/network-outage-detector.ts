// Tells an outage of our own network from receivers that fail. When several endpoints that answered a while ago fall
// silent one after the other, and nobody answers any more, it is us: then failures cost neither attempts nor reputation,
// and one delivery goes out now and then until somebody answers.

import { failures } from '../../delivery/failures.ts'
import type { EndpointId, Settlement } from '../../delivery/types.ts'

/** So many endpoints must have fallen silent. With fewer it cannot be told apart. */
const silentEndpoints = 3
/** An endpoint is known to be good while its last answer is not older than this. */
const knownGoodMs = 10 * 60_000
/** An outage is not believed for longer: then failures count again, and the retry schedule outlasts the rest. */
const longestBeliefMs = 60 * 60_000

export class NetworkOutageDetector {
  readonly #clock: () => number
  readonly #answered = new Map<EndpointId, number>()
  readonly #silent = new Set<EndpointId>()
  #downSince: number | null = null

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** Our own network seems to be down. */
  get isDown(): boolean {
    return this.#downSince !== null && this.#clock() - this.#downSince < longestBeliefMs
  }

  /** Takes notice of an attempt, and returns its settlement: unchanged, or spared where we ourselves are to blame. */
  judge(settlement: Settlement): Settlement {
    if (settlement.status !== null) this.#answer(settlement.endpointId)
    else if (settlement.error !== null && failures[settlement.error].mayBeOurNetwork)
      this.#silence(settlement.endpointId)
    else return settlement
    return this.isDown && settlement.status === null ? spared(settlement) : settlement
  }

  #answer(endpoint: EndpointId): void {
    this.#answered.delete(endpoint)
    this.#answered.set(endpoint, this.#clock())
    if (this.#silent.size > 0) this.#silent.clear()
    this.#downSince = null
    const [oldest] = this.#answered
    if (oldest !== undefined && this.#clock() - oldest[1] > knownGoodMs) this.#answered.delete(oldest[0])
  }

  #silence(endpoint: EndpointId): void {
    const answeredAt = this.#answered.get(endpoint)
    if (answeredAt === undefined || this.#clock() - answeredAt > knownGoodMs) return
    this.#silent.add(endpoint)
    if (this.#silent.size >= silentEndpoints) this.#downSince ??= this.#clock()
  }
}

/** Due at once, because another sender may have its network, while we pause. */
function spared(settlement: Settlement): Settlement {
  return { ...settlement, state: 'pending', retryInSeconds: 0, countsAsAttempt: false }
}
