// The dispatcher's memory: which tokens are out, and which endpoints are slow. It survives the dispatcher's own restarts.
import type { EndpointId } from '../../delivery/types.ts'
import type { Lane, Token } from './messages.ts'
import type { Sql } from './object.ts'

/** In a queue so long, a token is taken for lost, and another one may go out. If it comes after all, it begins nothing. */
const queuedMs = 60_000
/** An endpoint whose requests take longer than this goes to the slow queue, */
export const slowSeconds = 2
/** for so long. */
const slowMs = 300_000

export interface Out {
  readonly tokens: number
  readonly slots: number
}

export class Tokens {
  readonly #sql: Sql
  /** For how long a token may be at work. */
  readonly #workMs: number
  /** Unix milliseconds. */
  readonly #now: () => number

  constructor(sql: Sql, workMs: number, now: () => number = Date.now) {
    this.#sql = sql
    this.#workMs = workMs
    this.#now = now
    sql.exec(`create table if not exists token (
      id integer primary key autoincrement, endpoint_id text not null, slots integer not null,
      begun integer not null default 0, ends_at integer not null)`)
    sql.exec('create index if not exists token_by_endpoint on token (endpoint_id)')
    sql.exec(
      'create table if not exists slow_endpoint (endpoint_id text primary key, until integer not null)',
    )
  }

  issue(endpointId: EndpointId, slots: number): Token {
    const endsAt = this.#now() + queuedMs
    const [row] = this.#sql.exec(
      'insert into token (endpoint_id, slots, ends_at) values (?, ?, ?) returning id',
      endpointId,
      slots,
      endsAt,
    )
    return { id: row!.id as number, endpointId, slots }
  }

  /** They did not get into the queue. */
  takeBack(tokens: readonly Token[]): void {
    for (const { id } of tokens) this.#sql.exec('delete from token where id = ?', id)
  }

  /** False: it has begun before, or another one took its place. */
  begin(id: number): boolean {
    const now = this.#now()
    const begun = this.#sql.exec(
      'update token set begun = 1, ends_at = ? where id = ? and begun = 0 and ends_at > ? returning id',
      now + this.#workMs,
      id,
      now,
    )
    return [...begun].length === 1
  }

  end(id: number): void {
    this.#sql.exec('delete from token where id = ?', id)
  }

  /** By endpoint. */
  out(): Map<EndpointId, Out> {
    this.#dropEnded()
    const rows = this.#sql.exec(
      'select endpoint_id, count(*) as tokens, sum(slots) as slots from token group by 1',
    )
    return new Map(
      Array.from(rows, ({ endpoint_id, tokens, slots }) => [
        endpoint_id as EndpointId,
        { tokens: tokens as number, slots: slots as number },
      ]),
    )
  }

  /** When the next of them is over, in Unix milliseconds; null = none is out. */
  nextEnd(): number | null {
    this.#dropEnded()
    const [row] = this.#sql.exec('select min(ends_at) as ends_at from token')
    return row!.ends_at as number | null
  }

  noteSpeed(endpointId: EndpointId, requestSeconds: number): void {
    if (requestSeconds <= slowSeconds)
      this.#sql.exec('delete from slow_endpoint where endpoint_id = ?', endpointId)
    else
      this.#sql.exec(
        'insert into slow_endpoint values (?, ?) on conflict (endpoint_id) do update set until = excluded.until',
        endpointId,
        this.#now() + slowMs,
      )
  }

  laneOf(endpointId: EndpointId): Lane {
    const found = this.#sql.exec(
      'select 1 as one from slow_endpoint where endpoint_id = ? and until > ?',
      endpointId,
      this.#now(),
    )
    return [...found].length > 0 ? 'slow' : 'fast'
  }

  /** Their consumers are dead, or they never came. */
  #dropEnded(): void {
    this.#sql.exec('delete from token where ends_at <= ?', this.#now())
  }
}
