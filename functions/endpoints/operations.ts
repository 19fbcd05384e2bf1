// What can be done to an endpoint. Each change is one statement, which also writes the audit. Secrets and custom headers are
// sealed before they reach the database.
import { headersContext } from '../../delivery/endpoint.ts'
import { toHex } from '../../delivery/hex.ts'
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import type { SigningKey } from '../../delivery/keys.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { endpointState } from '../../drizzle/schema/outbox.ts'
import { type Caller, mayWriteFor } from '../access/caller.ts'
import { type Database, DatabaseError } from '../db.ts'
import type { Json } from '../http/json.ts'
import type { InputError } from '../http/problem.ts'
import type { Settings } from '../settings.ts'
import { checkEndpoint } from './check.ts'
import type { EndpointChanges, NewEndpoint } from './schema.ts'
import { chooseKey, sealKey } from './signing-key.ts'

export type EndpointSettings = Pick<Settings, 'keyring' | 'delivery'>
type State = (typeof endpointState.enumValues)[number]

export type Refusal = { readonly wrongInput: readonly InputError[] } | 'other tenant' | 'name taken'
/** With its public id and its key, which is known only now. */
export type Created = { readonly id: string; readonly key: SigningKey }
export type Changed =
  | 'changed'
  | 'unknown'
  | { readonly wrongState: State; readonly allowed: readonly State[] }

export async function createEndpoint(
  db: Pick<Database, 'run' | 'randomOnce'>,
  { keyring, delivery }: EndpointSettings,
  caller: Caller,
  { headers, secret, ...settings }: NewEndpoint,
): Promise<Created | Refusal> {
  const errors = checkEndpoint({ headers, ...settings }, delivery)
  const key = await chooseKey(db, settings.signing, secret)
  if ('path' in key) return { wrongInput: [...errors, key] }
  if (errors.length > 0) return { wrongInput: errors }
  if (!mayWriteFor(caller, settings.tenant)) return 'other tenant'
  // The ids come first: a sealed value is bound to the row it will be in.
  const { endpointId, secretId } = await queries.reserveEndpointIds(db.run)
  const { sealed, publicKey } = await sealKey(keyring, key, secretId, endpointId)
  const created = await queries
    .createEndpoint(db.run, {
      ...caller,
      id: endpointId,
      secretId,
      sealedSecret: sealed,
      sealedHeaders: await sealHeaders(keyring, headers, endpointId),
      settings: JSON.stringify({ ...settings, tenant: caller.tenant ?? settings.tenant }),
      publicKey,
    })
    .catch(nameTaken)
  return created === 'name taken' ? created : { id: created.publicId, key }
}

export async function changeEndpoint(
  db: Database,
  { keyring, delivery }: EndpointSettings,
  caller: Caller,
  id: string,
  changes: EndpointChanges,
): Promise<Changed | Refusal> {
  const errors = checkEndpoint(changes, delivery)
  if (errors.length > 0) return { wrongInput: errors }
  if (!mayWriteFor(caller, changes.tenant)) return 'other tenant'
  const row = parseId('ep', id)
  if (!row) return 'unknown'
  const { headers, tenant, ...settings } = changes
  const sealed = headers === undefined ? null : await sealHeaders(keyring, headers, String(row.id))
  return updateEndpoint(db, caller, id, 'endpoint.changed', {
    ...settings,
    ...(tenant === undefined ? {} : { tenant: caller.tenant ?? tenant }),
    ...(headers === undefined ? {} : { sealed_headers: sealed && `\\x${sealed}` }),
  }).catch(nameTaken)
}

export const pauseEndpoint = (db: Database, caller: Caller, id: string) =>
  updateEndpoint(db, caller, id, 'endpoint.paused', { state: 'paused' }, ['active', 'paused'])

export const resumeEndpoint = (db: Database, caller: Caller, id: string) =>
  updateEndpoint(db, caller, id, 'endpoint.resumed', { state: 'active', disabled_reason: null })

export const disableEndpoint = (db: Database, caller: Caller, id: string) =>
  updateEndpoint(db, caller, id, 'endpoint.disabled', disabled)

export const deleteEndpoint = (db: Database, caller: Caller, id: string) =>
  // Postgres reads `now` as the time by its own clock.
  updateEndpoint(db, caller, id, 'endpoint.deleted', { ...disabled, deleted_at: 'now' })

const disabled = { state: 'disabled', disabled_reason: 'manual' }

/** Sends one event to this endpoint alone; returns the public ids of the event and its delivery. */
export async function sendTest(
  db: Database,
  caller: Caller,
  id: string,
): Promise<{ readonly eventId: string; readonly deliveryId: string } | 'unknown' | 'disabled'> {
  const key = parseId('ep', id)
  if (!key) return 'unknown'
  const found = await queries.sendTest(db.run, { ...caller, ...key })
  if (!found) return 'unknown'
  const { eventId, eventNonce } = found
  if (eventId === null || eventNonce === null) return 'disabled'
  return { eventId: formatId('evt', eventId, eventNonce), deliveryId: formatDeliveryId(eventId, key.id) }
}

/** `changes`: by column. */
async function updateEndpoint(
  db: Database,
  caller: Caller,
  id: string,
  action: string,
  changes: Readonly<Record<string, Json>>,
  from: readonly State[] = endpointState.enumValues,
): Promise<Changed> {
  const key = parseId('ep', id)
  if (!key) return 'unknown'
  const found = await queries.updateEndpoint(db.run, {
    ...caller,
    ...key,
    action,
    changes: JSON.stringify(changes),
    from,
  })
  if (!found) return 'unknown'
  return found.isAllowed ? 'changed' : { wrongState: found.state, allowed: from }
}

/** Of two endpoints with one name, the second breaks endpoints_by_name. */
function nameTaken(error: unknown): 'name taken' {
  if (error instanceof DatabaseError && error.sqlstate === '23505') return 'name taken'
  throw error
}

/** null = none. */
async function sealHeaders(keyring: Keyring, headers: Record<string, string> | null, endpointId: string) {
  if (headers === null || Object.keys(headers).length === 0) return null
  const text = new TextEncoder().encode(JSON.stringify(headers))
  return toHex(await keyring.seal(text, headersContext(endpointId)))
}
