// Writes endpoints: new ones and changed ones, all or none, and the audit with them (drizzle/queries/write_endpoints.sql).
// Secrets and custom headers are sealed before they reach the database.
import { headersContext } from '../../delivery/endpoint.ts'
import { toHex } from '../../delivery/hex.ts'
import { formatId } from '../../delivery/ids.ts'
import type { SigningKey } from '../../delivery/keys.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { endpointState } from '../../drizzle/schema/outbox.ts'
import type { Caller } from '../access/caller.ts'
import { type Database, DatabaseError } from '../db.ts'
import type { Json } from '../http/json.ts'
import type { EndpointChanges, NewEndpoint } from './schema.ts'
import { sealKey } from './signing-key.ts'

export type State = (typeof endpointState.enumValues)[number]
export const allStates = endpointState.enumValues

/** Checked already. */
export interface New {
  readonly settings: Omit<NewEndpoint, 'headers' | 'secret'>
  readonly headers: NewEndpoint['headers']
  readonly key: SigningKey
}

export interface Change {
  /** As the audit calls it. */
  readonly action: string
  /** States in which it may be done. */
  readonly from: readonly State[]
  /** By column. */
  readonly changes: Readonly<Record<string, Json>>
}

/** Of which endpoint. */
export type ChangeOf = Change & { readonly id: bigint; readonly nonce: number }

export const disabled = { state: 'disabled', disabled_reason: 'manual' }
/** Postgres reads `now` as the time by its own clock. */
export const deletion: Change = {
  action: 'endpoint.deleted',
  from: allStates,
  changes: { ...disabled, deleted_at: 'now' },
}

export interface Written {
  /** Public ids, in the order given. */
  readonly created: readonly string[]
  /** Unless all are allowed, nothing was written. */
  readonly changed: readonly queries.WriteEndpointsRow[]
}

/** Without new ones it needs no keyring. */
export async function writeEndpoints(
  db: Pick<Database, 'run'>,
  keyring: Keyring | null,
  caller: Caller,
  { created, changed }: { readonly created: readonly New[]; readonly changed: readonly ChangeOf[] },
): Promise<Written | 'name taken'> {
  // The ids come first: a sealed value is bound to the row it will be in.
  const ids = created.length > 0 ? await queries.reserveEndpointIds(db.run, { count: created.length }) : []
  const rows = await Promise.all(created.map((one, i) => newRow(one, ids[i]!, keyring!, caller)))
  const written = queries.writeEndpoints(db.run, {
    created: JSON.stringify(rows),
    changed: JSON.stringify(changed.map(one => ({ ...one, id: String(one.id) }))),
    ...caller,
  })
  const answer = await written.catch(nameTaken)
  if (answer === 'name taken') return answer
  return {
    created: ids.map(({ endpointId, nonce }) => formatId('ep', BigInt(endpointId), nonce)),
    changed: answer,
  }
}

async function newRow(
  { settings, headers, key }: New,
  { endpointId, nonce, secretId }: queries.ReserveEndpointIdsRow,
  keyring: Keyring,
  { tenant }: Caller,
) {
  const { sealed, publicKey } = await sealKey(keyring, key, secretId, endpointId)
  return {
    ...settings,
    tenant: tenant ?? settings.tenant,
    id: endpointId,
    nonce,
    sealed_headers: await sealHeaders(keyring, headers, endpointId),
    secret_id: secretId,
    sealed_secret: sealed,
    public_key: publicKey,
  }
}

/** What a change of settings is in the database. */
export async function columnsOf(
  { headers, tenant, ...settings }: EndpointChanges,
  keyring: Keyring,
  caller: Caller,
  id: bigint,
): Promise<Change['changes']> {
  return {
    ...settings,
    ...(tenant === undefined ? {} : { tenant: caller.tenant ?? tenant }),
    ...(headers === undefined ? {} : { sealed_headers: await sealHeaders(keyring, headers, String(id)) }),
  }
}

/** null = none. */
async function sealHeaders(keyring: Keyring, headers: Record<string, string> | null, endpointId: string) {
  if (headers === null || Object.keys(headers).length === 0) return null
  const text = new TextEncoder().encode(JSON.stringify(headers))
  return `\\x${toHex(await keyring.seal(text, headersContext(endpointId)))}`
}

/** Of two endpoints with one name, the second breaks endpoints_by_name. */
function nameTaken(error: unknown): 'name taken' {
  if (error instanceof DatabaseError && error.sqlstate === '23505') return 'name taken'
  throw error
}
