// The shop's orders over HTTP: read them, and move one to its next status.
import { Trouble } from '../say.ts'

export interface Order {
  id: number
  status: string
}

/** Every step changes the status, so each makes exactly one event. */
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

  /** At least `count` orders and a thousand to choose from, if the shop has as many. */
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

  /** Returns the failure in a few words; undefined = it worked. */
  async moveOn(order: Order): Promise<string | undefined> {
    const status = nextStatus[order.status]!
    const answer = await this.#ask('/orders/update', 'PATCH', { id: order.id, status })
    if (!(answer instanceof Response)) return answer
    await answer.arrayBuffer() // to its end, so that the connection can be reused
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
