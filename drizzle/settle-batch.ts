// Step 10: a batch of outcomes, each by the statement that is for it. Most batches hold nothing but first attempts that
// succeeded, and take one short statement.
import { doubtSeconds, failuresToOpen, probeSchedule, slowStartLimit } from '../delivery/breaker.ts'
import { deliveryKey } from '../delivery/ids.ts'
import type { EndpointId, EventId, Sender, Settlement } from '../delivery/types.ts'
import { jitter } from '../delivery/wait.ts'
import * as queries from './queries.gen.ts'
import type { Run } from './run.ts'

export interface SettleOptions {
  readonly sender: Sender
  /** The stopwatch that the settlements were timed with, in milliseconds. */
  readonly now: number
  /** Nothing but failures for so long disables an endpoint. */
  readonly disableAfterSeconds: number
}

type Grouped<T> = T & { readonly group: EventId }

/** It has no row of its own yet. */
export function isGrouped<T extends { readonly group: EventId | null }>(of: T): of is Grouped<T> {
  return of.group !== null
}

export async function settleBatch(
  run: Run,
  options: SettleOptions,
  settlements: readonly Settlement[],
): Promise<queries.SettleRow> {
  const succeeded = settlements.filter(isGroupedSuccess)
  const { late, unhealthy } = await settleGroups(run, options, succeeded)
  const others = settlements.filter(settlement => !isGroupedSuccess(settlement) || late.has(settlement))
  if (others.length === 0 && !unhealthy) return { lost: [], unblocked: false }
  const failed = others.filter(isGrouped)
  if (failed.length > 0) await queries.splitGroups(run, { deliveries: failed, sent: true })
  if (late.size === 0 && !unhealthy && others.every(isSuccess)) {
    const { healthy, ...settled } = await unlessRecorded(
      queries.settleDelivered(run, { ...options, settlements: others }),
      { healthy: false, lost: [], unblocked: false },
    )
    if (healthy) return settled
  }
  const settled = countByEndpoint(succeeded.filter(settlement => !late.has(settlement)))
  return queries.settle(run, { ...options, ...rules, settlements: others, settled })
}

/** `late`: not recorded. `unhealthy`: a success changes the health of one of the endpoints. */
async function settleGroups(
  run: Run,
  { sender, now }: SettleOptions,
  settlements: readonly Grouped<Settlement>[],
): Promise<{ late: ReadonlySet<Settlement>; unhealthy: boolean }> {
  if (settlements.length === 0) return { late: new Set(), unhealthy: false }
  const { lost, unhealthy } = await unlessRecorded(queries.settleGroups(run, { sender, settlements, now }), {
    lost: settlements,
    unhealthy: false,
  })
  if (lost.length === 0) return { late: new Set(), unhealthy }
  const keys = new Set(lost.map(deliveryKey))
  return { late: new Set(settlements.filter(settlement => keys.has(deliveryKey(settlement)))), unhealthy }
}

/** Somebody has put a delivered event into the fan-out again. settle.sql can record that, and the two short statements cannot. */
async function unlessRecorded<Row>(statement: Promise<Row>, otherwise: Row): Promise<Row> {
  try {
    return await statement
  } catch (error) {
    if ((error as { code?: unknown }).code === uniqueViolation) return otherwise
    throw error
  }
}

const rules = { failuresToOpen, probeSchedule, jitter, slowStartLimit, doubtSeconds }

const uniqueViolation = '23505'

const isSuccess = ({ error }: Settlement) => error === null
const isGroupedSuccess = (settlement: Settlement): settlement is Grouped<Settlement> =>
  isGrouped(settlement) && isSuccess(settlement)

function countByEndpoint(settlements: readonly Settlement[]) {
  const counts = new Map<EndpointId, number>()
  for (const { endpointId } of settlements) counts.set(endpointId, (counts.get(endpointId) ?? 0) + 1)
  return Array.from(counts, ([endpointId, successes]) => ({ endpointId, successes }))
}
