// Does a plan hold? A simulation of ten minutes: tenants of very different size, spread over the databases by a routing table,
// with bursts, and a listener of each database that is gone for a while. Work flows like water: in each tick a database takes
// as much as its tightest stage lets through, and the rest waits.
import { randomFrom } from '../random.ts'
import { fanOutSeconds, perWebhook } from './figures.ts'
import type { Plan } from './plan.ts'

const tenants = 2_000
const tickSeconds = 0.1
const seconds = 600
/** One large tenant at a time, but none of the ten largest, writes so many times as much as usual, */
const burstFactor = 10
const bursting = { from: 10, to: 99 } as const
/** for so long. */
const burstSeconds = 5
/** A listener of each database is gone from here on, for so long. */
const lostAt = 300
const lostSeconds = 20
/** What a webhook takes when nothing waits. */
const baseSeconds = 0.005

export interface Simulated {
  /** Of the time from the event to its request. */
  readonly p99Seconds: number
  readonly maxSeconds: number
  /** The part of its time that the tightest stage of the busiest database is busy, on average. */
  readonly utilization: number
}

export type Routing = 'table' | 'hash'

export function simulate(
  plan: Plan,
  { routing = 'table', seed = 1 }: { routing?: Routing; seed?: number } = {},
): Simulated {
  const random = uniform(seed)
  const rates = zipf(tenants, plan.perSecond)
  const databaseOf =
    routing === 'table'
      ? routingTable(rates, plan.databases)
      : rates.map((_, i) => (i * 7_919) % plan.databases)
  const waiting = new Float64Array(plan.databases)
  const done = new Float64Array(plan.databases)
  const arrived = new Float64Array(plan.databases)
  const delays: { seconds: number; webhooks: number }[] = []
  let inBurst = 0
  for (let tick = 0; tick * tickSeconds < seconds; tick++) {
    if (tick % (burstSeconds / tickSeconds) === 0)
      inBurst = bursting.from + Math.floor(random() * (bursting.to - bursting.from + 1))
    arrived.fill(0)
    for (let tenant = 0; tenant < tenants; tenant++) {
      const rate = rates[tenant]! * (tenant === inBurst ? burstFactor : 1)
      arrived[databaseOf[tenant]!]! += poisson(rate * tickSeconds, random)
    }
    const isLost = tick * tickSeconds >= lostAt && tick * tickSeconds < lostAt + lostSeconds
    for (let database = 0; database < plan.databases; database++) {
      const capacity = capacityOf(plan, arrived[database]! / tickSeconds, isLost ? 1 : 0)
      const all = waiting[database]! + arrived[database]!
      const sent = Math.min(all, capacity * tickSeconds)
      waiting[database] = all - sent
      done[database]! += sent
      delays.push({ seconds: baseSeconds + waiting[database]! / capacity, webhooks: arrived[database]! })
    }
  }
  const busiest = Math.max(...done)
  return {
    ...quantiles(delays),
    utilization: busiest / seconds / capacityOf(plan, busiest / seconds, 0),
  }
}

/** Webhooks a second that one database and its listeners take while `written` events a second are written. */
function capacityOf({ cores, listeners }: Plan, written: number, lost: number): number {
  const coresLeft = Math.max(0.1, cores - written * perWebhook.writerSeconds)
  return Math.min(
    1 / fanOutSeconds,
    coresLeft / perWebhook.postgresSeconds,
    (listeners - lost) / perWebhook.listenerSeconds,
  )
}

/** The n-th tenant has one n-th of the largest one's webhooks. */
function zipf(count: number, sum: number): number[] {
  const weights = Array.from({ length: count }, (_, i) => 1 / (i + 1))
  const total = weights.reduce((a, b) => a + b)
  return weights.map(weight => (weight / total) * sum)
}

/** The largest tenants first, each to the database that has least. */
export function routingTable(rates: readonly number[], databases: number): number[] {
  const load = new Float64Array(databases)
  return rates.map(rate => {
    const least = load.indexOf(Math.min(...load))
    load[least]! += rate
    return least
  })
}

function uniform(seed: number): () => number {
  const { between } = randomFrom(seed)
  return () => between(0, 2 ** 32 - 1) / 2 ** 32
}

/** Of a large mean by the normal distribution, which is close enough. */
function poisson(mean: number, random: () => number): number {
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  let count = 0
  for (let product = random(); product > Math.exp(-mean); product *= random()) count++
  return count
}

function quantiles(
  delays: { seconds: number; webhooks: number }[],
): Pick<Simulated, 'p99Seconds' | 'maxSeconds'> {
  const sorted = delays.filter(({ webhooks }) => webhooks > 0).sort((a, b) => a.seconds - b.seconds)
  const total = sorted.reduce((sum, { webhooks }) => sum + webhooks, 0)
  let seen = 0
  const p99 = sorted.find(({ webhooks }) => {
    seen += webhooks
    return seen >= 0.99 * total
  })!
  return { p99Seconds: p99.seconds, maxSeconds: sorted.at(-1)!.seconds }
}
