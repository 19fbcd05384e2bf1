// One delivery, explained: why it is where it is, and what a reader wants to know of its event and its endpoint.
import { formatDeliveryId, parseDeliveryId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { withoutQuery } from '../endpoints/read.ts'

export type ExplainedDelivery = NonNullable<Awaited<ReturnType<typeof explainDelivery>>>

/** Null where there is no such delivery. The reason is for operators: it tells what a tenant may not know of a failure. */
export async function explainDelivery(db: Database, { tenant }: Pick<Caller, 'tenant'>, id: string) {
  const ids = parseDeliveryId(id)
  const found = ids && (await queries.explainDelivery(db.run, { ...ids, tenant }))
  if (!found) return null
  const { reason, url, earlier, later, ...rest } = found
  const neighbour = (eventId: bigint | null) =>
    eventId === null ? null : formatDeliveryId(eventId, ids.endpointId)
  return {
    ...rest,
    reason: tenant === null ? reason : null,
    url: withoutQuery(url),
    earlier: neighbour(earlier),
    later: neighbour(later),
  }
}
