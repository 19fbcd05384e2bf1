// The audit from the database, newest first.
import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId, type parseId } from '../../../delivery/ids.ts'
import { audit } from '../../../drizzle/schema/audit.ts'
import { endpoints, events } from '../../../drizzle/schema/outbox.ts'
import { replays } from '../../../drizzle/schema/replays.ts'
import type { Database } from '../../db.ts'
import { JsonText } from '../../http/json.ts'

export interface AuditFilter {
  readonly endpoint?: NonNullable<ReturnType<typeof parseId>> | undefined
}

export function listAudit(
  db: Database,
  { endpoint }: AuditFilter,
  before: bigint | undefined,
  limit: number,
) {
  return db.build('list_audit', builder =>
    builder
      .select({
        entry: audit,
        changes: sql<string>`coalesce(${audit.changes}::text, 'null')`,
        endpointNonce: endpoints.nonce,
        replayNonce: replays.nonce,
        url: endpoints.url,
        eventNonce: events.nonce,
      })
      .from(audit)
      .leftJoin(endpoints, eq(endpoints.id, audit.endpoint_id))
      .leftJoin(replays, eq(replays.id, audit.replay_id))
      .leftJoin(events, and(isNull(audit.endpoint_id), eq(events.id, audit.event_id)))
      .where(
        and(
          endpoint && and(eq(audit.endpoint_id, endpoint.id), eq(endpoints.nonce, endpoint.nonce)),
          before === undefined ? undefined : lt(audit.id, before),
        ),
      )
      .orderBy(desc(audit.id))
      .limit(limit),
  )
}

type AuditRow = Awaited<ReturnType<typeof listAudit>>[number]

export function toEntry({ entry, changes, endpointNonce, replayNonce, eventNonce }: Omit<AuditRow, 'url'>) {
  const { endpoint_id, event_id, replay_id } = entry
  return {
    at: entry.at.toISOString(),
    who: entry.who,
    request_id: entry.request_id,
    action: entry.action,
    endpoint_id: endpoint_id === null ? null : formatId('ep', endpoint_id, endpointNonce!),
    delivery_id: event_id === null || endpoint_id === null ? null : formatDeliveryId(event_id, endpoint_id),
    event_id: event_id === null || eventNonce === null ? null : formatId('evt', event_id, eventNonce),
    replay_id: replay_id === null ? null : formatId('rpl', replay_id, replayNonce!),
    changes: new JsonText(changes),
  }
}
