// A domain event inside your own transaction, with Drizzle: `await emit(tx, { type: 'invoice.paid', data })`. It is
// committed with your change or not at all. From SQL and from triggers: outbox.emit(); over HTTP: POST /v1/events.
import { type SQL, sql } from 'drizzle-orm'

export interface NewEvent {
  /** Letters, digits and `_`, with dots between them: `invoice.paid`. */
  readonly type: string
  /** Anything JSON can say. Money and large ids as text, unless you are sure that a double holds them. */
  readonly data: unknown
  /** What the event is about: endpoints with ordering get the events of one key in order. */
  readonly key?: string | null
  /** Only endpoints of this tenant, and those without one, get it. */
  readonly tenant?: string | null
}

/** A database or a transaction of any of Drizzle's Postgres drivers. */
export interface Executor {
  execute(query: SQL): PromiseLike<{ rows: Record<string, unknown>[] } | Record<string, unknown>[]>
}

/**
 * Returns the public id, `evt_…`: the `webhook-id` that receivers will see. No content makes the transaction fail: data that
 * Postgres cannot read (nested some thousand levels deep) becomes the event `outbox.capture.failed`.
 */
export async function emit(tx: Executor, { type, data, key, tenant }: NewEvent): Promise<string> {
  const json = JSON.stringify(data ?? null)
  const answer = await tx.execute(
    sql`select outbox.emit_text(${storable(type)}, ${json}, ${storable(key)}, ${storable(tenant)}) as id`,
  )
  const [row] = Array.isArray(answer) ? answer : answer.rows
  return row!.id as string
}

/** Postgres has no text with a NUL in it and would refuse the whole statement. */
const storable = (text: string | null | undefined) => text?.replaceAll('\0', '\ufffd') ?? null
