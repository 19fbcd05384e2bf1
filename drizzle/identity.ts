// Is this the database that has sent so far, or a copy of it? A restored backup, a branch or a clone holds everything that waits
// to be sent; a sender that took it for the original would send it all once more. So each asks before it begins
// (functions/identify.sql), and where it may not send it is held: it asks again, and sends nothing meanwhile.
import * as queries from './queries.gen.ts'
import type { Run } from './run.ts'

/**
 * copy: another database than the one that has sent. older: the same, as it was some time ago. unknown: the same files, under an
 * address that nobody vouches for.
 */
export type HeldReason = 'copy' | 'older' | 'unknown'

const remedy =
  'Nothing is sent until you say whether it takes the place of the original: `outbox system adopt`.'

/** For people: what was found, and what to do. */
export const heldSentences: Readonly<Record<HeldReason, string>> = {
  copy: `This database is not the one that has sent so far, but a copy of it, or that one after an upgrade. ${remedy}`,
  older: `This database is older than the one that has sent so far: a backup or a clone of it has taken its place. ${remedy}`,
  unknown: `This database is reached under an address that no other sender vouches for, so it may be a copy. ${remedy}`,
}

export interface Asking {
  /** As `addressOf` gives it. */
  readonly address: string
  readonly sender: string
}

/** null = nobody is held. */
export async function findHeldReason(run: Run): Promise<HeldReason | null> {
  return (await queries.heldReason(run)).reason as HeldReason | null
}

/** null = this sender may send. */
export async function findHold(run: Run, asking: Asking): Promise<HeldReason | null> {
  const { verdict } = await queries.identify(run, asking)
  return verdict === 'same' ? null : (verdict as HeldReason)
}

/** The same for a sender with a witness outside of the database (functions/identify_witnessed.sql). */
export async function findHoldWitnessed(
  run: Run,
  asking: Asking & { readonly seen: string; readonly counts: boolean },
): Promise<{ held: HeldReason | null; lineage: string; epoch: number }> {
  const { verdict, lineage, epoch } = await queries.identifyWitnessed(run, asking)
  return { held: verdict === 'same' ? null : (verdict as HeldReason), lineage, epoch: Number(epoch) }
}

/**
 * Which server a connection string leads to, without user, password and database: that one of its databases it is, the server
 * tells. Every way of naming this machine is one.
 */
export function addressOf(connectionString: string): string {
  const { hostname, port, searchParams } = new URL(connectionString)
  const host = (searchParams.get('host') ?? hostname).toLowerCase()
  const isHere = host === '' || /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host)
  return `${isHere ? 'localhost' : host}:${searchParams.get('port') ?? (port || 5432)}`
}

/** Cloudflare gives each Worker another name for the same pool. */
export const hyperdriveAddress = 'hyperdrive'
