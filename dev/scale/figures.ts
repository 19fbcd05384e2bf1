// What a webhook costs, as measured, and what machines cost, as listed. The plan (plan.ts) and its simulation (simulate.ts)
// are made of these. A figure of your own machines is worth more: `npm run bench -- --only cost` gives it.

/**
 * Seconds of one core for a webhook whose event has one receiver, and bytes. From the benchmark `cost` at full load, with one
 * listener on two cores, where statements carry hundreds of webhooks; docs/design.md has the figures of Postgres.
 */
export const perWebhook = {
  /** Fan-out and settling. */
  postgresSeconds: 65e-6,
  /** Claiming, signing, sending over plain HTTP, settling. TLS connections that are kept cost hardly more. */
  listenerSeconds: 125e-6,
  /** The transaction that writes the event, without the change that it is about. */
  writerSeconds: 60e-6,
  /** Write-ahead log: the records, and the event with a payload of half a kilobyte. */
  walBytes: 278 + 1_100,
  /** Tables and indexes: the same two. */
  diskBytes: 136 + 900,
} as const

/**
 * One fan-out runs at a time in a database, so this is how far one database goes however many cores it has. Of the time that
 * a fan-out of 500 events takes, in seconds for each event.
 */
export const fanOutSeconds = 25e-6

/** Through queues every delivery gets a row, which is created, leased and settled: what Postgres did for all before groups. */
export const perEdgeWebhook = { postgresSeconds: 127e-6, walBytes: 1_238 + 1_100 } as const

/** No more than this part of a core, on average, so that bursts find room. */
export const utilization = { postgres: 0.5, listener: 0.6, fanOut: 0.6 } as const

/** List prices in dollars, looked up on 2026-11-27. A month has 730 hours. */
export const prices = {
  month: { hours: 730, seconds: 730 * 3600 },
  /** Neon, plan Scale, page of 2026-11-12: a compute unit is one vCPU and 4 GB; storage by the month. */
  neon: { computeUnitHour: 0.222, gigabyteMonth: 0.35 },
  /** Fly: a shared core with 512 MB is enough up to some hundred webhooks a second; at its limit a listener uses a whole core. */
  listenerMonth: { sharedCore: 3.9, core: 31 },
  /** Cloudflare: Workers Paid, Queues by operations of 64 KB (a message is written, read and deleted), Durable Objects. */
  cloudflare: {
    month: 5,
    millionQueueOperations: 0.4,
    millionRequests: 0.3,
    millionCpuMs: 0.02,
    millionObjectRequests: 0.15,
  },
} as const
