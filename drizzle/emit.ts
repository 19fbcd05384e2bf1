// A domain event inside your own transaction: `await emit(tx, { type: 'invoice.paid', data })`. It is committed with your change
// or not at all. From SQL and from triggers: outbox.emit(); over HTTP: POST /v1/events.
import { type Handle, runStatement, type Statement } from './run-statement.ts'

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

/**
 * Returns the public id, `evt_…`: the `webhook-id` that receivers will see. No content makes the transaction fail: data that
 * Postgres cannot read (nested some thousand levels deep) becomes the event `outbox.capture.failed`.
 */
export async function emit(tx: Handle, event: NewEvent): Promise<string> {
  const [row] = await runStatement(tx, emitStatement(event))
  return row!.id as string
}

/** For whatever emit() does not know, and for batches. It gives one row, with the public id as `id`. */
export function emitStatement({ type, data, key, tenant }: NewEvent): Statement {
  return {
    text: 'select outbox.emit_text($1, $2, $3, $4) as id',
    values: [storable(type), JSON.stringify(data ?? null), storable(key), storable(tenant)],
  }
}

/** Postgres has no text with a NUL in it and would refuse the whole statement. */
const storable = (text: string | null | undefined) => text?.replaceAll('\0', '\ufffd') ?? null
