// One look of the dispatcher: makes deliveries of new events, and puts a token into a queue for what is due. It leases nothing.
import type { EndpointId } from '../../delivery/types.ts'
import { type DueLanesRow, dueLanes } from '../../drizzle/queries.gen.ts'
import type { Run } from '../../drizzle/run.ts'
import type { Store } from '../../drizzle/store.ts'
import type { EdgeBindings } from './bindings.ts'
import { type Lane, sooner, type Token } from './messages.ts'
import type { Out, Tokens } from './tokens.ts'

const eventsAtOnce = 500
/** One look makes so many statements at most: a Durable Object has a budget of subrequests too. */
const maxFanOuts = 10
const maxScans = 10
const scanLimit = 500
/** Somebody else fans out, who may not see what was committed since he began. */
const otherTurnSeconds = 0.1
/** What one consumer is likely to send in its time. With fewer due, one is enough. */
const deliveriesPerToken = 50
const maxCounted = 20 * deliveriesPerToken
/** The platform takes no more messages at a time. */
const maxMessages = 100

export interface DispatchPorts {
  readonly run: Run
  readonly store: Pick<Store, 'fanOut'>
  readonly tokens: Tokens
  readonly bindings: Pick<EdgeBindings, 'queue' | 'slowQueue'>
  /** Requests that a consumer may have under way. */
  readonly maxSlots: number
}

export interface Dispatched {
  /** There is more than one look could do. */
  readonly more: boolean
  /** When the next delivery is due; null = none waits for its time. */
  readonly nextDueInSeconds: number | null
}

export async function dispatch(ports: DispatchPorts): Promise<Dispatched> {
  const events = await fanOut(ports.store)
  const { lanes, cursor, nextDueInSeconds } = await readLanes(ports.run)
  const out = ports.tokens.out()
  const issued = { fast: [] as Token[], slow: [] as Token[] }
  for (const lane of lanes) {
    const name = lane.isRestrained || lane.isRated ? 'slow' : ports.tokens.laneOf(lane.endpointId)
    for (const slots of slotsOfNew(lane, out.get(lane.endpointId), ports.maxSlots))
      issued[name].push(ports.tokens.issue(lane.endpointId, slots))
  }
  await Promise.all([put(ports, 'fast', issued.fast), put(ports, 'slow', issued.slow)])
  return {
    more: events === 'more' || cursor !== null,
    nextDueInSeconds:
      events === 'not our turn' ? sooner(nextDueInSeconds, otherTurnSeconds) : nextDueInSeconds,
  }
}

/** Nothing is leased: the deliveries wait for consumers. */
async function fanOut(store: Pick<Store, 'fanOut'>): Promise<'done' | 'more' | 'not our turn'> {
  const request = {
    lease: 'dispatcher',
    leaseSeconds: 0,
    leaseLimit: 0,
    defaultCapacity: 0,
    capacities: new Map(),
    sharers: 1,
    fanOutLimit: eventsAtOnce,
    fanOutFrom: 0n,
  }
  for (let round = 0; round < maxFanOuts; round++) {
    const { meta } = await store.fanOut(request)
    if (!meta.hadTurn) return 'not our turn'
    if (meta.fanned < eventsAtOnce) return 'done'
  }
  return 'more'
}

type DueLanes = Awaited<ReturnType<typeof dueLanes>>

async function readLanes(run: Run) {
  const lanes: DueLanesRow[] = []
  let cursor: EndpointId | null = null
  let nextDueInSeconds: number | null = null
  for (let scan = 0; scan < maxScans; scan++) {
    const { rows, meta }: DueLanes = await dueLanes(run, { scanLimit, maxCounted, scanAfter: cursor })
    lanes.push(...rows)
    cursor = meta.scanCursor
    nextDueInSeconds = sooner(nextDueInSeconds, meta.nextDueIn)
    if (cursor === null) break
  }
  return { lanes, cursor, nextDueInSeconds }
}

/** How many requests each further consumer of this endpoint may have under way. All together never have more than it may. */
function slotsOfNew(
  { due, maxInFlight, isRestrained }: DueLanesRow,
  out: Out = { tokens: 0, slots: 0 },
  maxSlots: number,
): number[] {
  const wanted = isRestrained ? 1 : Math.ceil(due / deliveriesPerToken)
  const slots: number[] = []
  let free = maxInFlight - out.slots
  while (out.tokens + slots.length < wanted && free > 0) {
    slots.push(Math.min(free, maxSlots))
    free -= maxSlots
  }
  return slots
}

async function put({ bindings, tokens }: DispatchPorts, lane: Lane, all: readonly Token[]): Promise<void> {
  const queue = lane === 'fast' ? bindings.queue : bindings.slowQueue
  for (let at = 0; at < all.length; at += maxMessages) {
    const part = all.slice(at, at + maxMessages)
    try {
      await queue.sendBatch(part.map(body => ({ body, contentType: 'json' })))
    } catch (error) {
      tokens.takeBack(all.slice(at))
      throw error
    }
  }
}
