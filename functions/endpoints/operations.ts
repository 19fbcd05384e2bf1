// What can be done to an endpoint. Each change is one statement (write.ts).
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import type { SigningKey } from '../../delivery/keys.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { type Caller, mayWriteFor } from '../access/caller.ts'
import type { Database } from '../db.ts'
import type { InputError } from '../http/problem.ts'
import type { Settings } from '../settings.ts'
import { checkEndpoint } from './check.ts'
import type { EndpointChanges, NewEndpoint } from './schema.ts'
import { chooseKey } from './signing-key.ts'
import { allStates, type Change, columnsOf, deletion, disabled, type State, writeEndpoints } from './write.ts'

export type EndpointSettings = Pick<Settings, 'keyring' | 'delivery'>

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
  const written = await writeEndpoints(db, keyring, caller, {
    created: [{ settings, headers, key }],
    changed: [],
  })
  return written === 'name taken' ? written : { id: written.created[0]!, key }
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
  return change(db, caller, id, {
    action: 'endpoint.changed',
    from: allStates,
    changes: await columnsOf(changes, keyring, caller, row.id),
  })
}

export const pauseEndpoint = (db: Database, caller: Caller, id: string) =>
  changeState(db, caller, id, {
    action: 'endpoint.paused',
    from: ['active', 'paused'],
    changes: { state: 'paused' },
  })

export const resumeEndpoint = (db: Database, caller: Caller, id: string) =>
  changeState(db, caller, id, {
    action: 'endpoint.resumed',
    from: allStates,
    changes: { state: 'active', disabled_reason: null },
  })

export const disableEndpoint = (db: Database, caller: Caller, id: string) =>
  changeState(db, caller, id, { action: 'endpoint.disabled', from: allStates, changes: disabled })

export const deleteEndpoint = (db: Database, caller: Caller, id: string) =>
  changeState(db, caller, id, deletion)

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

async function change(
  db: Database,
  caller: Caller,
  id: string,
  wanted: Change,
): Promise<Changed | 'name taken'> {
  const key = parseId('ep', id)
  if (!key) return 'unknown'
  const written = await writeEndpoints(db, null, caller, { created: [], changed: [{ ...key, ...wanted }] })
  if (written === 'name taken') return written
  const { state, isAllowed } = written.changed[0]!
  if (state === null) return 'unknown'
  return isAllowed ? 'changed' : { wrongState: state, allowed: wanted.from }
}

/** It changes no name. */
async function changeState(db: Database, caller: Caller, id: string, wanted: Change): Promise<Changed> {
  return (await change(db, caller, id, wanted)) as Changed
}
