// The hand-written statements as methods. It runs nothing itself: whoever has a connection hands in a `Run`, the listener
// with pg, the cron function with the Neon driver. A statement, its method and the rule behind it share a name.
import { failuresToOpen, probeSchedule, slowStartLimit } from '../delivery/breaker.ts'
import { slotHorizonSeconds, slotSpacing } from '../delivery/rate.ts'
import type {
  EndpointId,
  EventId,
  Leased,
  Rewrapped,
  SealedEndpoint,
  SealedValue,
  Sender,
  Settlement,
} from '../delivery/types.ts'
import { jitter } from '../delivery/wait.ts'
import * as queries from './queries.gen.ts'
import { claimMeta, fanOutMeta, leased, sealedEndpoint, type Text } from './rows.ts'

/** Runs one statement and gives its rows as arrays, in the order of its columns. Dates and bigints come as text. */
export type Run = (
  statement: { name: string; text: string },
  parameters: readonly unknown[],
) => Promise<unknown[][]>

/** How many more each endpoint may get, and how many the claimer holds already. */
export type Rooms = ReadonlyMap<EndpointId, { readonly room: number; readonly held: number }>

/** What whoever leases deliveries says of itself. */
export interface LeaseRequest {
  readonly lease: string
  readonly leaseSeconds: number
  readonly leaseLimit: number
  /** How many deliveries one endpoint may get, where `rooms` does not say. */
  readonly defaultRoom: number
  readonly rooms: Rooms
  /** Senders that share what an endpoint may have in flight. */
  readonly sharers: number
}

export interface FanOutRequest extends LeaseRequest {
  /** Events to fan out at most. */
  readonly fanOutLimit: number
  /** No event that waits for its fan-out has a lower id. */
  readonly fanOutFrom: bigint
}

export interface ClaimRequest extends LeaseRequest {
  /** The walk over the endpoints goes on behind this one. */
  readonly scanAfter: EndpointId | '0'
  readonly scanLimit: number
}

/** What a fan-out saw besides the deliveries it leased. */
export interface FanOutMeta {
  /** Events fanned out, and the highest id among them. */
  readonly fanned: number
  readonly fannedTo: bigint | null
  /** False: somebody else was fanning out. */
  readonly hadTurn: boolean
  /** Deliveries made, and how many of them had to stay pending. */
  readonly created: number
  readonly leftPending: number
  /** Of these, how many the next claim may lease at once: their lanes have room, but all senders decide together. */
  readonly leftCoordinated: number
  /** Seconds until a lane opens that wants some of them and is closed; null = there is none. */
  readonly nextOpenIn: number | null
  /** Every transaction below had ended when the statement's snapshot was taken. */
  readonly xmin: bigint
  /** Every transaction that had an id by then has one below this. */
  readonly nextXid: bigint
}

/** What a claim saw besides the deliveries it leased. */
export interface ClaimMeta {
  /** The last endpoint that had its turn; null = the walk saw all, and what was due of them was leased. */
  readonly scanCursor: EndpointId | null
  /** Seconds until the next delivery of the endpoints seen is due; null = none is waiting for its time. */
  readonly nextDueIn: number | null
  /** Seconds until a lane with a rate limit and work has its next free slot; null = there is none. */
  readonly nextSlotIn: number | null
}

export interface Settled {
  /** The deliveries that somebody else holds by now: only the books were written. */
  readonly lost: readonly { readonly endpointId: EndpointId; readonly eventId: EventId }[]
  /** Something that had to wait may go now: the next event of a key, or more of a lane whose breaker has closed. */
  readonly unblocked: boolean
}

export interface Heartbeat {
  readonly listening: boolean
  readonly readOnly: boolean
  /** Listeners connected to this database, this one included. */
  readonly listeners: number
  /** The database's clock. */
  readonly unixSeconds: number
  readonly expired: boolean
  readonly work: boolean
  /** Replays are running, or deliveries wait for endpoints that were deleted. */
  readonly maintenance: boolean
}

export type Store = ReturnType<typeof createStore>

export interface StoreOptions {
  readonly sender: Sender
  /** The stopwatch that settlements were timed with, in milliseconds. */
  readonly clock: () => number
  /** Nothing but failures for so long disables an endpoint. */
  readonly disableAfterSeconds: number
}

export function createStore(run: Run, { sender, clock, disableAfterSeconds }: StoreOptions) {
  return {
    /** Step 5: new events become deliveries, and those that may leave at once are leased. */
    async fanOut(request: FanOutRequest): Promise<{ deliveries: Leased[]; meta: FanOutMeta }> {
      const [first, ...rows] = await run({ name: 'fan_out', text: queries.fanOut }, [
        request.lease,
        request.leaseSeconds,
        request.fanOutLimit,
        request.fanOutFrom.toString(),
        request.leaseLimit,
        request.defaultRoom,
        [...request.rooms.keys()],
        [...request.rooms.values()].map(({ room }) => room),
        request.sharers,
      ])
      return { deliveries: rows.map(row => leased(row, request.lease)), meta: fanOutMeta(first!) }
    },

    /** Leases what is due: retries, and what could not leave at once. */
    async claim(request: ClaimRequest): Promise<{ deliveries: Leased[]; meta: ClaimMeta }> {
      const [first, ...rows] = await run({ name: 'claim', text: queries.claim }, [
        request.lease,
        request.leaseSeconds,
        request.leaseLimit,
        request.defaultRoom,
        [...request.rooms.keys()],
        [...request.rooms.values()].map(({ room }) => room),
        [...request.rooms.values()].map(({ held }) => held),
        request.scanAfter,
        request.scanLimit,
        request.sharers,
        slotSpacing,
        slotHorizonSeconds,
      ])
      return { deliveries: rows.map(row => leased(row, request.lease)), meta: claimMeta(first!) }
    },

    /** Step 10. */
    async settleIfLeased(settlements: readonly Settlement[]): Promise<Settled> {
      const now = clock()
      const rows = await run({ name: 'settle', text: queries.settle }, [
        sender,
        settlements.map(s => s.endpointId),
        settlements.map(s => s.eventId),
        settlements.map(s => s.lease),
        settlements.map(s => s.attempt),
        settlements.map(s => s.state),
        settlements.map(s => s.retryInSeconds),
        settlements.map(s => s.error),
        settlements.map(s => s.status),
        settlements.map(s => s.durationMs),
        settlements.map(s => Math.max(0, now - s.startedAt) / 1000),
        settlements.map(s => s.body),
        settlements.map(s => s.pauseEndpointSeconds),
        settlements.map(s => s.endpointGone),
        settlements.map(s => s.countsAsAttempt),
        disableAfterSeconds,
        failuresToOpen,
        probeSchedule,
        jitter,
        slowStartLimit,
      ])
      const lost = rows.filter(([, , unblocked]) => !unblocked)
      return {
        lost: lost.map(([endpointId, eventId]) => ({
          endpointId: endpointId as EndpointId,
          eventId: eventId as EventId,
        })),
        unblocked: lost.length < rows.length,
      }
    },

    /** Gives back what was claimed and never sent. */
    async release(deliveries: readonly Leased[]): Promise<void> {
      if (deliveries.length === 0) return
      await run({ name: 'release', text: queries.release }, [
        deliveries.map(d => d.endpointId),
        deliveries.map(d => d.eventId),
        deliveries.map(d => d.lease),
      ])
    },

    /** Gives back what claims leased whose answers never came; returns how many. */
    async releaseLost(leases: readonly string[]): Promise<number> {
      const [row] = await run({ name: 'release_lost', text: queries.releaseLost }, [leases])
      return row![0] as number
    },

    /** Takes back what others held past their lease; returns how many. */
    async rescue(limit: number, retrySchedule: readonly number[]): Promise<number> {
      const [row] = await run({ name: 'rescue', text: queries.rescue }, [limit, retrySchedule, jitter])
      return row![0] as number
    },

    /** One step of a replay that a person has asked for. */
    async stepReplay(maxEvents: number): Promise<{ replayed: number; running: boolean }> {
      const [row] = await run({ name: 'step_replay', text: queries.stepReplay }, [maxEvents])
      const [replayed, running] = row as [number, boolean]
      return { replayed, running }
    },

    /** Cancels what still waits for deleted endpoints; returns how many. */
    async cancelDeleted(limit: number): Promise<number> {
      const [row] = await run({ name: 'cancel_deleted', text: queries.cancelDeleted }, [limit])
      return row![0] as number
    },

    /** One step of retention. `lookedTo`: where the next one begins; null = there is no more. */
    async purge(
      olderThanDays: number,
      maxEvents: number,
      behind: bigint,
    ): Promise<{ purged: number; lookedTo: bigint | null }> {
      const [row] = await run({ name: 'purge', text: queries.purge }, [
        olderThanDays,
        maxEvents,
        behind.toString(),
      ])
      const [purged, lookedTo] = row as [number, string | null]
      return { purged, lookedTo: lookedTo === null ? null : BigInt(lookedTo) }
    },

    async readEndpoints(ids: readonly EndpointId[]): Promise<SealedEndpoint[]> {
      const rows = await run({ name: 'read_endpoints', text: queries.readEndpoints }, [ids])
      return rows.map(sealedEndpoint)
    },

    /** Some of what these master keys have sealed and what is in use. */
    async findOldSeals(keyIds: readonly string[], limit: number): Promise<SealedValue[]> {
      const rows = await run({ name: 'find_old_seals', text: queries.findOldSeals }, [keyIds, limit])
      return rows.map(row => {
        const [endpointId, secretId, sealed] = row as [string, Text, string]
        return { endpointId, secretId, sealed }
      })
    },

    /** Puts each value where it was read, unless it has changed meanwhile; returns how many. */
    async rewrap(values: readonly Rewrapped[]): Promise<number> {
      if (values.length === 0) return 0
      const [row] = await run({ name: 'rewrap', text: queries.rewrap }, [
        values.map(value => value.endpointId),
        values.map(value => value.secretId),
        values.map(value => value.sealed),
        values.map(value => value.rewrapped),
      ])
      return row![0] as number
    },

    /** The heartbeat: is the channel registered, and is there anything to do? */
    async heartbeat(): Promise<Heartbeat> {
      const [row] = await run({ name: 'heartbeat', text: queries.heartbeat }, [])
      const [listening, readOnly, listeners, unixSeconds, expired, work, maintenance] = row as [
        boolean,
        boolean,
        number,
        number,
        boolean,
        boolean,
        boolean,
      ]
      return { listening, readOnly, listeners, unixSeconds, expired, work, maintenance }
    },
  }
}
