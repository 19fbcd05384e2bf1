// What it takes to deliver so many webhooks a second: databases, their cores, listeners, and what that costs a month.
import { fanOutSeconds, perEdgeWebhook, perWebhook, prices, utilization } from './figures.ts'

export interface Plan {
  readonly perSecond: number
  /** Each has the same part of the tenants' webhooks, by a routing table (simulate.ts). */
  readonly databases: number
  /** Of each database. */
  readonly cores: number
  /** For each database. */
  readonly listeners: number
}

/** Sizes that are sold, in cores of one server. */
const sizes = [1, 2, 4, 8, 16]
/** Two, so that a restart delays nothing. */
const minListeners = 2
/** Up to here a listener needs no core of its own. */
const sharedCorePerSecond = 500

/** How many webhooks a second one database takes, with these cores, on average. */
export function databaseLimit(cores: number): number {
  const byFanOut = utilization.fanOut / fanOutSeconds
  const byCpu = (cores * utilization.postgres) / (perWebhook.postgresSeconds + perWebhook.writerSeconds)
  return Math.min(byFanOut, byCpu)
}

export function planFor(perSecond: number): Plan {
  const databases = Math.ceil(perSecond / databaseLimit(sizes.at(-1)!))
  const each = perSecond / databases
  const cores = sizes.find(size => databaseLimit(size) >= each)!
  const listeners = Math.max(
    minListeners,
    Math.ceil((each * perWebhook.listenerSeconds) / utilization.listener),
  )
  return { perSecond, databases, cores, listeners }
}

export interface Cost {
  /** Dollars a month. */
  readonly databases: number
  readonly senders: number
  /** For each day that events are kept. */
  readonly storagePerDay: number
  readonly perMillion: number
}

export function costOf({ perSecond, databases, cores, listeners }: Plan): Cost {
  const databaseCost = databases * cores * prices.neon.computeUnitHour * prices.month.hours
  const { sharedCore, core } = prices.listenerMonth
  const each = perSecond / databases / listeners <= sharedCorePerSecond ? sharedCore : core
  const senders = databases * listeners * each
  return {
    databases: databaseCost,
    senders,
    storagePerDay: storagePerDay(perSecond),
    perMillion: (databaseCost + senders) / millionsAMonth(perSecond),
  }
}

/** The same webhooks through Cloudflare Queues: more work for Postgres, and no machines that send. */
export function edgeCostOf(perSecond: number): Pick<Cost, 'databases' | 'senders' | 'perMillion'> {
  const scale =
    (perEdgeWebhook.postgresSeconds + perWebhook.writerSeconds) /
    (perWebhook.postgresSeconds + perWebhook.writerSeconds)
  const { databases, cores } = planFor(perSecond * scale)
  const databaseCost = databases * cores * prices.neon.computeUnitHour * prices.month.hours
  const millions = millionsAMonth(perSecond)
  const senders = prices.cloudflare.month + millions * edgeMillion()
  return { databases: databaseCost, senders, perMillion: (databaseCost + senders) / millions }
}

/** What one consumer sends for one token, and the CPU of a Worker for each webhook: measured in workerd. */
const webhooksPerToken = 30
const workerCpuMs = 1

/** Dollars for a million webhooks: a message is written, read and deleted; its consumer speaks twice to the dispatcher. */
function edgeMillion(): number {
  const { millionQueueOperations, millionRequests, millionObjectRequests, millionCpuMs } = prices.cloudflare
  const perToken = 3 * millionQueueOperations + millionRequests + 2 * millionObjectRequests
  return perToken / webhooksPerToken + workerCpuMs * millionCpuMs
}

const millionsAMonth = (perSecond: number) => (perSecond * prices.month.seconds) / 1e6

const storagePerDay = (perSecond: number) =>
  ((perSecond * 86_400 * perWebhook.diskBytes) / 1e9) * prices.neon.gigabyteMonth
