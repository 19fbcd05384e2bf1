// How one endpoint does: what waits, and whether and why it fails.
import { parseId } from '../../delivery/ids.ts'
import { redacted } from '../../delivery/redact.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'

/** Deliveries of each state that are counted: more than anybody reads. */
export const maxCounted = 10_000

export type EndpointStatus = NonNullable<Awaited<ReturnType<typeof readEndpointStatus>>>

/** Of an endpoint that the caller may see. Null for one that is not there. */
export async function readEndpointStatus(db: Database, { tenant }: Pick<Caller, 'tenant'>, id: string) {
  const key = parseId('ep', id)
  const status = key && (await queries.endpointStatus(db.run, { id: key.id, maxCounted }))
  if (!status) return null
  if (tenant === null || redacted(status.error) === status.error) return status
  return { ...status, error: redacted(status.error), responseStatus: null, responseBody: null }
}
