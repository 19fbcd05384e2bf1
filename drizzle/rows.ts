// What the statements answer, row by row, as the objects that the rest of the program knows.
import { formatDeliveryId } from '../delivery/ids.ts'
import type { EndpointId, EventId, Leased, SealedEndpoint } from '../delivery/types.ts'
import type { ClaimMeta, FanOutMeta } from './store.ts'

export type Text = string | null

export function leased(row: unknown[], lease: string): Leased {
  const [
    endpointId,
    eventId,
    attempt,
    attemptsUsed,
    version,
    webhookId,
    type,
    timestamp,
    data,
    actor,
    traceparent,
    startIn,
  ] = row
  return {
    endpointId: endpointId as EndpointId,
    eventId: eventId as EventId,
    lease,
    attempt: attempt as number,
    attemptsUsed: attemptsUsed as number,
    version: version as number,
    publicId: formatDeliveryId(BigInt(eventId as string), BigInt(endpointId as string)),
    webhookId: webhookId as string,
    type: type as string,
    timestamp: timestamp as string,
    data: data as string,
    actor: actor as Text,
    traceparent: traceparent as Text,
    startIn: startIn as number | null,
  }
}

export function fanOutMeta(row: unknown[]): FanOutMeta {
  const meta = JSON.parse(row.at(-1) as string)
  return {
    fanned: meta.fanned,
    fannedTo: meta.fanned_to === null ? null : BigInt(meta.fanned_to),
    hadTurn: meta.had_turn,
    created: meta.created,
    leftPending: meta.left_pending,
    leftCoordinated: meta.left_coordinated,
    nextOpenIn: meta.next_open_in,
    xmin: BigInt(meta.xmin),
    nextXid: BigInt(meta.next_xid),
  }
}

export function claimMeta(row: unknown[]): ClaimMeta {
  const meta = JSON.parse(row.at(-1) as string)
  return { scanCursor: meta.scan_cursor, nextDueIn: meta.next_due_in, nextSlotIn: meta.next_slot_in }
}

export function sealedEndpoint(row: unknown[]): SealedEndpoint {
  const [
    id,
    version,
    publicId,
    url,
    sealedHeaders,
    maxInFlight,
    ratePerSecond,
    timeoutSeconds,
    retrySchedule,
    isTenants,
    secrets,
  ] = row
  return {
    id: id as EndpointId,
    version: version as number,
    publicId: publicId as string,
    url: url as string,
    sealedHeaders: sealedHeaders as Text,
    maxInFlight: maxInFlight as number,
    ratePerSecond: ratePerSecond as number | null,
    timeoutSeconds: timeoutSeconds as number | null,
    retrySchedule: retrySchedule as number[] | null,
    isTenants: isTenants as boolean,
    secrets: JSON.parse(secrets as string),
  }
}
