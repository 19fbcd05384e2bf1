// Asks the database why: its own functions give the reasons (drizzle/functions/explain.sql, explain_row.sql).
import { and, eq } from 'drizzle-orm'
import { parseId } from '../../../delivery/ids.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import { events } from '../../../drizzle/schema/outbox.ts'
import type { Database } from '../../db.ts'
import { withoutQuery } from '../../endpoints/read.ts'

/** Null where there is no such event. */
export async function explainEvent(db: Database, id: string) {
  const key = parseId('evt', id)
  if (!key) return null
  const [known, endpoints] = await Promise.all([
    db.build('find_event', builder =>
      builder
        .select({ id: events.id })
        .from(events)
        .where(and(eq(events.id, key.id), eq(events.nonce, key.nonce))),
    ),
    explainEndpoints(db, id),
  ])
  if (known.length === 0) return null
  return { id, endpoints }
}

/** Each endpoint with whether and why it gets the event; none where there is no such event. */
export async function explainEndpoints(db: Database, event: string) {
  const rows = await queries.explain(db.run, { event })
  return rows.map(({ endpoint, url, verdict, deliveryState, reason }) => ({
    endpoint_id: endpoint,
    url: withoutQuery(url),
    verdict,
    delivery_state: deliveryState,
    story: reason,
  }))
}

export async function explainRow(db: Database, row: { readonly table: string; readonly key: string }) {
  const conditions = await queries.explainRow(db.run, row)
  return { ...row, findings: conditions.map(({ passed, message }) => ({ holds: passed, finding: message })) }
}
