// What a receiver does after an outage: it fetches what it lacks, and proves that it has everything. The outbox numbers what it
// sends to this endpoint without a gap (`sequence`), so a list that has each number up to the last has each webhook. What was
// never sent has no number yet: it waits, after a long outage for a quarter of an hour, until the outbox tries this receiver
// again. The receiver takes that, too. Nothing here is the outbox's own code: any language can do it with three requests.

export interface Outbox {
  readonly url: string
  /** A key that may read. */
  readonly key: string
  readonly endpointId: string
}

export interface Event {
  readonly id: string
  readonly type: string
  readonly data: unknown
}

export interface Receipts {
  /** Those of these webhooks that never arrived. */
  lacking(webhookIds: readonly string[]): Promise<readonly string[]>
  /** As if it had come as a webhook, with the same id: repeats are dropped as always. */
  take(event: Event): Promise<void>
}

export interface Completed {
  /** Everything up to this number is here. Begin behind it the next time. */
  readonly to: number
  readonly fetched: number
  /** Deliveries without a number, because they were never sent: they come by themselves, those that were taken as repeats. */
  readonly waiting: number
}

interface Waiting {
  readonly data: readonly { readonly event_id: string }[]
  readonly next_cursor: string | null
}

interface Numbered {
  readonly data: readonly { readonly sequence: number; readonly event_id: string | null }[]
  readonly last: number
  readonly waiting: number
}

const pageSize = 200

export async function complete(outbox: Outbox, after: number, receipts: Receipts): Promise<Completed> {
  // First, because what gets its number meanwhile is in the list of numbers.
  const early = await takeWaiting(outbox, receipts)
  const numbered = await takeNumbered(outbox, after, receipts)
  return { ...numbered, fetched: early + numbered.fetched }
}

async function takeWaiting(outbox: Outbox, receipts: Receipts): Promise<number> {
  const list = `/v1/deliveries?endpoint_id=${outbox.endpointId}&state=pending&limit=${pageSize}`
  let fetched = 0
  for (let next: string | null = list; next !== null; ) {
    const { data, next_cursor }: Waiting = await ask(outbox, next)
    const ids = data.map(({ event_id }) => event_id)
    fetched += await takeLacking(outbox, ids, receipts)
    next = next_cursor && `${list}&cursor=${next_cursor}`
  }
  return fetched
}

async function takeNumbered(outbox: Outbox, after: number, receipts: Receipts): Promise<Completed> {
  let fetched = 0
  for (let to = after; ; ) {
    const list = `/v1/endpoints/${outbox.endpointId}/sequence?after=${to}&limit=${pageSize}`
    const { data, waiting } = await ask<Numbered>(outbox, list)
    const ids = data.map(({ sequence, event_id }, i) => {
      if (sequence !== to + 1 + i || event_id === null)
        throw new Error(`number ${to + 1 + i} is past the retention time: it cannot be fetched any more`)
      return event_id
    })
    fetched += await takeLacking(outbox, ids, receipts)
    to += ids.length
    if (ids.length < pageSize) return { to, fetched, waiting }
  }
}

async function takeLacking(outbox: Outbox, ids: readonly string[], receipts: Receipts): Promise<number> {
  const lacking = await receipts.lacking(ids)
  for (const id of lacking) await receipts.take(await ask<Event>(outbox, `/v1/events/${id}`))
  return lacking.length
}

async function ask<Answer>({ url, key }: Outbox, path: string): Promise<Answer> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })
  if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}`)
  return response.json()
}
