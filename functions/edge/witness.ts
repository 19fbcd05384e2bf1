// A witness outside of the database: it remembers how far each database has come, and so knows an older state of one when that
// takes its place, a backup or a clone with the same files under the same address (drizzle/functions/identify_witnessed.sql). It
// lives in a Durable Object that is there anyway.
import type { Sql } from './object.ts'

export class Witness {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
    sql.exec('create table if not exists witnessed (lineage text primary key, epoch integer not null)')
  }

  /** null = it is not asked this. */
  async answer(request: Request): Promise<Response | null> {
    switch (new URL(request.url).pathname) {
      case '/seen':
        return Response.json(this.#seen())
      case '/saw':
        this.#note((await request.json()) as Epoch)
        return new Response()
      default:
        return null
    }
  }

  /** The highest epoch of each lineage. */
  #seen(): Record<string, number> {
    const rows = Array.from(this.#sql.exec('select lineage, epoch from witnessed'))
    return Object.fromEntries(rows.map(({ lineage, epoch }) => [lineage, epoch]))
  }

  #note({ lineage, epoch }: Epoch): void {
    this.#sql.exec(
      'insert into witnessed values (?, ?) on conflict (lineage) do update set epoch = max(epoch, excluded.epoch)',
      lineage,
      epoch,
    )
  }
}

export interface Epoch {
  readonly lineage: string
  readonly epoch: number
}
