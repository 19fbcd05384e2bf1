// Drops repeats of webhooks in SQLite and in Cloudflare D1: the work and the mark are one transaction.
import type { Once } from './once-postgres.ts'

/** node:sqlite, better-sqlite3 or bun:sqlite. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): { run(...values: string[]): { changes: number | bigint } }
}

const mark = 'insert into webhook_receipts (receiver, webhook_id) values (?, ?)'

/**
 * The work is a function that does not wait: anything else that runs on this connection meanwhile would be part of the
 * transaction, and be undone with it.
 */
export function onceInSqlite(db: SqliteDatabase, receiver: string) {
  return (webhookId: string, work: () => void): Once => {
    db.exec('begin immediate')
    try {
      const isNew =
        Number(db.prepare(`${mark} on conflict do nothing`).run(receiver, webhookId).changes) === 1
      if (isNew) refuseToWait(work())
      db.exec('commit')
      return isNew ? 'done' : 'repeat'
    } catch (error) {
      rollBack(db)
      throw error
    }
  }
}

/** After some errors, such as a full disk, SQLite has rolled back itself and says that there is nothing to roll back. */
function rollBack(db: SqliteDatabase): void {
  try {
    db.exec('rollback')
  } catch {}
}

function refuseToWait(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function')
    throw new TypeError('expected work that does not wait: a transaction in SQLite cannot span an await')
}

/** A D1 binding, or what else has prepare() and batch(). */
export interface D1<Statement> {
  prepare(sql: string): { bind(...values: string[]): Statement }
  batch(statements: Statement[]): Promise<unknown>
}

/** D1 has no transaction but the batch: the work is statements, and they take effect together with the mark or not at all. */
export function onceInD1<Statement>(db: D1<Statement>, receiver: string) {
  return async (webhookId: string, work: readonly Statement[]): Promise<Once> => {
    try {
      await db.batch([db.prepare(mark).bind(receiver, webhookId), ...work])
      return 'done'
    } catch (error) {
      if (String(error).includes('UNIQUE constraint failed: webhook_receipts.')) return 'repeat'
      throw error
    }
  }
}
