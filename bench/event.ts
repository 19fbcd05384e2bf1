// The event everybody sends: a small order, told apart by `n`, meant for one of several endpoints.

/** How many requests are under way at once, for every contestant: more gains nobody anything on one machine. */
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

/** What a queue carries about one webhook. */
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

/** The data in SQL, for events that are made many at a time; `n` is an expression. */
export const eventDataSql = (n: string): string => `
  jsonb_build_object('n', ${n}, 'order_id', 1000000 + ${n}, 'client_id', ${n} % 1000, 'status', 'shipped',
                     'previous_status', 'created', 'item_ids', jsonb_build_array(${n}, ${n} + 1, ${n} + 2))`

export const jobSql = (n: string, endpoint: string): string => `
  jsonb_build_object('endpoint', ${endpoint}, 'timestamp', clock_timestamp(), 'data', ${eventDataSql(n)})`
