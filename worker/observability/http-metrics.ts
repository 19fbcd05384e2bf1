// Requests to the API, where it runs in this process (`npm run serve`). Workers share no memory, so they count none.
import { Counter, Histogram, type Registry } from 'prom-client'

export interface ServedRequest {
  /** As it is declared, such as `/v1/events/:id`; `other` for what is not. */
  readonly route: string
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

/** What the API answers. Clients may send any other word. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'])

export class HttpMetrics {
  readonly #requests: Counter
  readonly #duration: Histogram

  constructor(registry: Registry) {
    const registers = [registry]
    this.#requests = new Counter({
      name: 'outbox_http_requests_total',
      help: 'Requests to the API in this process, by route, method and the first digit of the status.',
      labelNames: ['route', 'method', 'status'],
      registers,
    })
    this.#duration = new Histogram({
      name: 'outbox_http_request_duration_seconds',
      help: 'How long the API in this process took to answer.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    })
  }

  count({ route, method, status, durationMs }: ServedRequest): void {
    this.#requests.inc({
      route,
      method: methods.has(method) ? method : 'other',
      status: `${Math.floor(status / 100)}xx`,
    })
    this.#duration.observe(durationMs / 1000)
  }
}
