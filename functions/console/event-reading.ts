// An event with who gets it and who does not: for its page, and for sending it again.
import { formatDeliveryId, parseId } from '../../delivery/ids.ts'
import { callerOf } from '../access/caller.ts'
import { explainEndpoints } from '../events/explain/read.ts'
import { findEventWithDeliveries, findEventWithOrigin } from '../events/read.ts'
import type { ConsoleContext } from './view.ts'
import { shortId, shortUrl } from './words.ts'

export type Explained = Awaited<ReturnType<typeof explainEndpoints>>[number]
type State = 'pending' | 'sending' | 'delivered' | 'dead' | 'canceled'

export interface Getting {
  readonly endpointId: string
  readonly deliveryId: string
  readonly name: string
  readonly state: State
  readonly story: string
}

type Read = ReturnType<typeof readForOperator> | ReturnType<typeof readForTenant>

/** Two statements. null: there is no such event, or it is somebody else's. */
export function readEvent(c: ConsoleContext, id: string): Read {
  return c.var.view.isOperator ? readForOperator(c, id) : readForTenant(c, id)
}

async function readForOperator(c: ConsoleContext, id: string) {
  const [event, explained] = await Promise.all([
    findEventWithOrigin(c.var.db, id, callerOf(c as never)),
    explainEndpoints(c.var.db, id),
  ])
  const eventId = parseId('evt', id)?.id
  if (!event || eventId === undefined) return null
  const getting = explained.flatMap(({ endpoint_id, url, delivery_state: state, story }): Getting[] => {
    const deliveryId = formatDeliveryId(eventId, parseId('ep', endpoint_id)!.id)
    return state === null ? [] : [{ endpointId: endpoint_id, deliveryId, name: shortUrl(url), state, story }]
  })
  return { event, getting, others: explained.filter(({ delivery_state: state }) => state === null) }
}

/** It learns of its own deliveries, and not why others have none. */
async function readForTenant(c: ConsoleContext, id: string) {
  const found = await findEventWithDeliveries(c.var.db, id, callerOf(c as never))
  if (!found) return null
  const { deliveries, ...event } = found
  const getting = deliveries.map(
    ({ id: deliveryId, endpoint_id: endpointId, state, reason }): Getting => ({
      ...{ endpointId, deliveryId, state },
      name: shortId(endpointId),
      story: reason ?? '',
    }),
  )
  const others: readonly Explained[] = []
  return { event: { ...event, actor: null, traceparent: null }, getting, others }
}
