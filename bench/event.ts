// The event that all subjects send: a small order, identified by `n`, for one of several endpoints.

/** Requests in flight at once, for every subject. On one machine, more of them make no subject faster. */
export const inFlight = 64

export const eventType = (endpoint: number): string => `order.e${endpoint}`

export function eventData(n: number) {
  return {
    n,
    order_id: 1_000_000 + n,
    client_id: n % 1000,
    status: 'shipped',
    previous_status: 'created',
    item_ids: [n, n + 1, n + 2],
  }
}

/** The payload of one webhook in a job queue. */
export interface Job {
  readonly endpoint: number
  readonly timestamp: string
  readonly data: object
}

export const job = (n: number, endpoint: number): Job => ({
  endpoint,
  timestamp: new Date().toISOString(),
  data: eventData(n),
})

/** The same data in SQL, for inserting many events at a time; `n` is an expression. */
export const eventDataSql = (n: string): string => `
  jsonb_build_object('n', ${n}, 'order_id', 1000000 + ${n}, 'client_id', ${n} % 1000, 'status', 'shipped',
                     'previous_status', 'created', 'item_ids', jsonb_build_array(${n}, ${n} + 1, ${n} + 2))`

export const jobSql = (n: string, endpoint: string): string => `
  jsonb_build_object('endpoint', ${endpoint}, 'timestamp', clock_timestamp(), 'data', ${eventDataSql(n)})`
