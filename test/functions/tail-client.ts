// A client of the tails' server-sent events: it remembers the last id, also of messages without data.
import type pg from 'pg'
import { expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import type { Api } from './api.ts'

export interface TailMessage<Data> {
  readonly id: string
  readonly data: Data | null
}

export class TailClient<Data, Seen = Data> {
  readonly seen: Seen[] = []
  lastId: string | null = null
  readonly #api: Api
  readonly #path: string
  readonly #key: string
  readonly #see: (data: Data) => Seen

  constructor(api: Api, path: string, { key, see }: { key: string; see: (data: Data) => Seen }) {
    this.#api = api
    this.#path = path
    this.#key = key
    this.#see = see
  }

  /** One connection that ends at once; `until` breaks it off after so many messages. */
  async connect(until = Number.POSITIVE_INFINITY): Promise<TailMessage<Data>[]> {
    const headers: Record<string, string> = this.lastId === null ? {} : { 'last-event-id': this.lastId }
    const answer = await this.#api.get(this.#path, { headers, key: this.#key })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const messages = answer.text
      .split('\n\n')
      .filter(block => block.includes('id: '))
      .map(block => ({
        id: /^id: (.*)$/m.exec(block)![1]!,
        data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null') as Data | null,
      }))
    const read = messages.slice(0, until)
    this.lastId = read.at(-1)?.id ?? this.lastId
    this.seen.push(...read.flatMap(({ data }) => (data ? [this.#see(data)] : [])))
    return read
  }
}

/** Everything that is committed by now is behind the oldest open transaction, also of other databases on this server. */
export async function untilReadable(client: pg.Client): Promise<void> {
  const { rows } = await client.query('select pg_current_xact_id()::text as xid')
  await eventually(async () => {
    const now = await client.query('select pg_snapshot_xmin(pg_current_snapshot())::text as xmin')
    return BigInt(now.rows[0].xmin) > BigInt(rows[0].xid)
  })
}
