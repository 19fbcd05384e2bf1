// What senders do with the database, on top of the generated statements: one object for the listener and the cron function.
// A statement, its method and the rule behind it share a verb.
import { deliveryKey, formatDeliveryId, formatId } from '../delivery/ids.ts'
import { slotHorizonSeconds, slotSpacing } from '../delivery/rate.ts'
import type { Retention } from '../delivery/retention.ts'
import { formatTimestamp } from '../delivery/timestamp.ts'
import type {
  EndpointId,
  Leased,
  Rewrapped,
  SealedEndpoint,
  SealedValue,
  Sender,
  Settlement,
} from '../delivery/types.ts'
import { jitter } from '../delivery/wait.ts'
import * as queries from './queries.gen.ts'
import type { Run } from './run.ts'
import { isGrouped, settleBatch } from './settle-batch.ts'

/** How many more deliveries each endpoint may get, and how many the sender holds already. */
export type Capacities = ReadonlyMap<EndpointId, { readonly capacity: number; readonly held: number }>

/** What fan-out and claim both want to know of the sender. The statements' headers say what each means. */
export interface LeaseRequest {
  readonly lease: string
  readonly leaseSeconds: number
  readonly leaseLimit: number
  readonly defaultCapacity: number
  readonly capacities: Capacities
  readonly sharers: number
}

export interface FanOutRequest extends LeaseRequest {
  readonly fanOutLimit: number
  readonly fanOutFrom: bigint
}

export interface ClaimRequest extends LeaseRequest {
  readonly scanAfter: EndpointId | null
  readonly scanLimit: number
}

export type { ClaimMeta, FanOutMeta, HeartbeatRow as Heartbeat } from './queries.gen.ts'

export interface StoreOptions {
  readonly sender: Sender
  /** The stopwatch that settlements were timed with, in milliseconds. */
  readonly clock: () => number
  /** Nothing but failures for so long disables an endpoint. */
  readonly disableAfterSeconds: number
  /** False: a fan-out answers before its leases are safe on the server's disk. */
  readonly durableLeases?: boolean
}

export type Store = ReturnType<typeof createStore>

export function createStore(
  run: Run,
  { sender, clock, disableAfterSeconds, durableLeases: durable = true }: StoreOptions,
) {
  return {
    /** Step 5: new events become deliveries, and those that may leave at once are leased. */
    async fanOut(request: FanOutRequest): Promise<{ deliveries: Leased[]; meta: queries.FanOutMeta }> {
      const endpoints = asRows(request.capacities)
      const { meta, rows } = await queries.fanOut(run, { ...request, endpoints, durable })
      return { deliveries: rows.map(row => leased(row, request.lease)), meta }
    },

    /** Leases what is due: retries, and what could not leave at once. */
    async claim(request: ClaimRequest): Promise<{ deliveries: Leased[]; meta: queries.ClaimMeta }> {
      const { meta, rows } = await queries.claim(run, {
        ...request,
        endpoints: asRows(request.capacities),
        slotSpacing,
        slotHorizonSeconds,
      })
      return { deliveries: rows.map(row => leased(row, request.lease)), meta }
    },

    /** Step 10. */
    settleIfLeased: (settlements: readonly Settlement[]): Promise<queries.SettleRow> =>
      settleBatch(run, { sender, now: clock(), disableAfterSeconds }, settlements),

    /** Gives back what was claimed and never sent. */
    async release(deliveries: readonly Leased[]): Promise<void> {
      const grouped = deliveries.filter(isGrouped)
      const others = deliveries.filter(delivery => !isGrouped(delivery))
      if (grouped.length > 0) await queries.splitGroups(run, { deliveries: grouped, sent: false })
      if (others.length > 0) await queries.release(run, { deliveries: others })
    },

    /** Gives back what claims leased whose answers never came; returns how many. */
    releaseLost: async (leases: readonly string[]): Promise<number> =>
      (await queries.releaseLost(run, { leases })).released,

    /** Takes back what other senders held past their lease; returns how many. */
    rescue: async (limit: number, schedule: readonly number[]): Promise<number> =>
      (await queries.rescue(run, { limit, schedule, jitter })).rescued,

    /** One step of a replay that a person has asked for. */
    stepReplay: (maxEvents: number): Promise<queries.StepReplayRow> => queries.stepReplay(run, { maxEvents }),

    /** One step of the pinned ones. */
    stepParts: (maxDeliveries: number): Promise<queries.StepPartsRow> =>
      queries.stepParts(run, { maxDeliveries }),

    /** Cancels what still waits for deleted endpoints; returns how many. */
    cancelDeleted: async (limit: number): Promise<number> =>
      (await queries.cancelDeleted(run, { limit })).canceled,

    /** Disables endpoints that nobody pulls any more; returns how many. */
    disableIdle: async (): Promise<number> => (await queries.disableIdle(run)).disabled,

    /** Makes partitions ahead, and leads new events into the next one when this one is old enough. */
    keepPartitions: (maxAgeSeconds: number): Promise<queries.KeepPartitionsRow> =>
      queries.keepPartitions(run, { maxAgeSeconds }),

    /** One step of retention; returns whether the next may follow: `go on`, `wait` or `done`. */
    expire: async ({ days, kept }: Retention): Promise<string> =>
      (await queries.expire(run, { olderThanDays: days, kept })).next,

    /**
     * All of them, and those of `toNumber` with their numbers; who has one keeps it. Committed before any of them is sent.
     */
    async number(
      deliveries: readonly Leased[],
      toNumber: readonly Leased[] = deliveries,
    ): Promise<readonly Leased[]> {
      if (toNumber.length === 0) return deliveries
      const rows = await queries.numberDeliveries(run, { deliveries: toNumber })
      const numbers = new Map(rows.map(row => [deliveryKey(row), row.number]))
      return deliveries.map(delivery => ({
        ...delivery,
        sequence: numbers.get(deliveryKey(delivery)) ?? delivery.sequence,
      }))
    },

    readEndpoints: (ids: readonly EndpointId[]): Promise<SealedEndpoint[]> =>
      queries.readEndpoints(run, { ids }),

    /** Some of the values in use that these master keys have sealed. */
    findOldSeals: (keyIds: readonly string[], limit: number): Promise<SealedValue[]> =>
      queries.findOldSeals(run, { keyIds, limit }),

    /** Puts each value where it was read, unless that has changed since; returns how many. */
    async rewrap(values: readonly Rewrapped[]): Promise<number> {
      return values.length === 0 ? 0 : (await queries.rewrap(run, { values })).rewrapped
    },

    /** Is the channel registered, and is there anything to do? */
    heartbeat: (): Promise<queries.HeartbeatRow> => queries.heartbeat(run),
  }
}

function asRows(capacities: Capacities) {
  return Array.from(capacities, ([endpointId, { capacity, held }]) => ({ endpointId, capacity, held }))
}

/** A row of a statement that leases, under the lease that it was asked for. */
export function leased({ nonce, ...row }: queries.ClaimRow, lease: string): Leased {
  const eventId = BigInt(row.eventId)
  return {
    ...row,
    lease,
    publicId: formatDeliveryId(eventId, BigInt(row.endpointId)),
    webhookId: formatId('evt', eventId, nonce),
    timestamp: formatTimestamp(row.occurredAt),
    sequence: null,
  }
}
