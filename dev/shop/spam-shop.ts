// The shop as an outsider sees it: its orders over HTTP, and one step in an order's life.
import { Trouble } from '../say.ts'

export interface Order {
  id: number
  status: string
}

/** Every step is a real change, so that each makes exactly one event. */
const nextStatus: Record<string, string> = {
  created: 'shipped',
  shipped: 'backorder',
  backorder: 'shipped',
  canceled: 'created',
}

export class Shop {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, key: string) {
    this.#url = url
    this.#headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  }

  /** Enough for so many different updates, if there are so many orders; and a thousand to choose from. */
  async readOrders(count: number): Promise<Order[]> {
    const orders: Order[] = []
    let cursor: string | null = ''
    while (cursor !== null && orders.length < Math.max(count, 1000)) {
      const page: { data: Order[]; next_cursor: string | null } = await this.#readPage(cursor)
      orders.push(...page.data)
      cursor = page.next_cursor
    }
    return orders
  }

  /** Returns what went wrong, in a few words. */
  async moveOn(order: Order): Promise<string | undefined> {
    const status = nextStatus[order.status]!
    const answer = await this.#ask('/orders/update', 'PATCH', { id: order.id, status })
    if (!(answer instanceof Response)) return answer
    await answer.arrayBuffer() // read to its end, so that the connection can be used again
    if (!answer.ok) return `HTTP ${answer.status}`
    order.status = status
  }

  async #readPage(cursor: string) {
    const answer = await this.#ask(`/orders?limit=200${cursor && `&cursor=${cursor}`}`, 'GET')
    if (answer instanceof Response && answer.ok) return answer.json() as never
    const problem = answer instanceof Response ? `HTTP ${answer.status}` : answer
    throw new Trouble(`The orders at ${this.#url} can't be read (${problem}). Is \`npm run dev\` running?`)
  }

  async #ask(path: string, method: string, body?: object): Promise<Response | string> {
    try {
      const request = { method, headers: this.#headers, body: body && JSON.stringify(body) }
      return await fetch(this.#url + path, { ...request, signal: AbortSignal.timeout(30_000) })
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } }
      return cause?.code ?? name
    }
  }
}
