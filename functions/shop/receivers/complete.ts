// What a receiver does after an outage: it proves that it has everything, and fetches what it lacks. The outbox numbers what it
// sends to this endpoint without a gap (`sequence`), so a list that has each number up to the last has each webhook. The
// receiver compares it with its receipts. Nothing here is the outbox's own code: any language can do it with four requests.

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
  /** Deliveries that were never sent: they come by themselves. */
  readonly waiting: number
}

interface Page {
  readonly data: readonly { readonly sequence: number; readonly event_id: string | null }[]
  readonly last: number
  readonly waiting: number
}

const pageSize = 200

export async function complete(outbox: Outbox, after: number, receipts: Receipts): Promise<Completed> {
  let fetched = 0
  for (let to = after; ; ) {
    const page = await ask<Page>(
      outbox,
      `/v1/endpoints/${outbox.endpointId}/sequence?after=${to}&limit=${pageSize}`,
    )
    const ids = page.data.map(({ sequence, event_id }, i) => {
      if (sequence !== to + 1 + i || event_id === null)
        throw new Error(`number ${to + 1 + i} is past the retention time: it cannot be fetched any more`)
      return event_id
    })
    for (const id of await receipts.lacking(ids)) {
      await receipts.take(await ask<Event>(outbox, `/v1/events/${id}`))
      fetched++
    }
    to += ids.length
    if (ids.length < pageSize) return { to, fetched, waiting: page.waiting }
  }
}

async function ask<Answer>({ url, key }: Outbox, path: string): Promise<Answer> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } })
  if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}`)
  return response.json()
}
