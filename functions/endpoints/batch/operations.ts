// Makes, changes and deletes many endpoints with one statement: all of them, or none. For each the rules are those of one alone.
import { parseId } from '../../../delivery/ids.ts'
import type { SigningKey } from '../../../delivery/keys.ts'
import { type Caller, mayWriteFor } from '../../access/caller.ts'
import type { Database } from '../../db.ts'
import { errorWithPointer, type InputError } from '../../http/problem.ts'
import { checkEndpoint } from '../check.ts'
import type { EndpointSettings } from '../operations.ts'
import { chooseKeys } from '../signing-key.ts'
import { allStates, type ChangeOf, columnsOf, deletion, type New, writeEndpoints } from '../write.ts'
import { type EndpointBatch, maxEndpoints } from './schema.ts'

export type Refusal =
  | { readonly refused: 'wrong input' | 'other tenant' | 'unknown'; readonly errors: readonly InputError[] }
  | 'name taken'

export interface Applied {
  readonly created: readonly { readonly id: string; readonly name: string | null; readonly key: SigningKey }[]
}

export async function applyBatch(
  db: Database,
  settings: EndpointSettings,
  caller: Caller,
  batch: EndpointBatch,
): Promise<Applied | Refusal> {
  const wrong = [...sizeErrors(batch), ...repeatErrors(batch), ...settingErrors(batch, settings)]
  if (wrong.length > 0) return { refused: 'wrong input', errors: wrong }
  const keys = await chooseKeys(db, batch.create)
  const wrongKeys = keys.flatMap((key, i) =>
    'path' in key ? [errorWithPointer(['create', i, key.path], key.message)] : [],
  )
  if (wrongKeys.length > 0) return { refused: 'wrong input', errors: wrongKeys }
  const others = otherTenants(batch, caller)
  if (others.length > 0) return { refused: 'other tenant', errors: others }
  const changed = await changesOf(batch, settings, caller)
  const unknown = changed.flatMap(({ place, row }) => (row ? [] : [unknownAt(place)]))
  if (unknown.length > 0) return { refused: 'unknown', errors: unknown }
  const created = batch.create.map(
    ({ headers, secret: _, ...given }, i): New => ({ settings: given, headers, key: keys[i] as SigningKey }),
  )
  const written = await writeEndpoints(db, settings.keyring, caller, {
    created,
    changed: changed.map(({ row }) => row!),
  })
  if (written === 'name taken') return written
  const missing = written.changed.flatMap(({ state }, i) =>
    state === null ? [unknownAt(changed[i]!.place)] : [],
  )
  if (missing.length > 0) return { refused: 'unknown', errors: missing }
  return {
    created: created.map(({ settings: { name }, key }, i) => ({ id: written.created[i]!, name, key })),
  }
}

function sizeErrors({ create, update, delete: deleted }: EndpointBatch): InputError[] {
  const size = create.length + update.length + deleted.length
  if (size >= 1 && size <= maxEndpoints) return []
  return [{ path: '', message: `must have from 1 to ${maxEndpoints} endpoints in all` }]
}

/** Which of two changes came last would be chance. */
function repeatErrors({ update, delete: deleted }: EndpointBatch): InputError[] {
  const seen = new Set<string>()
  return [
    ...update.map(({ id }, i) => ({ id, place: ['update', i, 'id'] })),
    ...deleted.map((id, i) => ({ id, place: ['delete', i] })),
  ].flatMap(({ id, place }) => {
    if (!seen.has(id)) {
      seen.add(id)
      return []
    }
    return [errorWithPointer(place, 'is in the batch twice')]
  })
}

function settingErrors({ create, update }: EndpointBatch, { delivery }: EndpointSettings): InputError[] {
  const check = (kind: 'create' | 'update') => (given: EndpointBatch['update'][number], i: number) =>
    checkEndpoint(given, delivery).map(({ path, message }) =>
      errorWithPointer([kind, i, ...path.split('.')], message),
    )
  return [
    ...create.flatMap((given, i) => check('create')({ ...given, id: '' }, i)),
    ...update.flatMap(check('update')),
  ]
}

function otherTenants({ create, update }: EndpointBatch, caller: Caller): InputError[] {
  const check =
    (kind: 'create' | 'update') =>
    ({ tenant }: { tenant?: string | null | undefined }, i: number) =>
      mayWriteFor(caller, tenant) ? [] : [errorWithPointer([kind, i, 'tenant'], "is not this key's")]
  return [...create.flatMap(check('create')), ...update.flatMap(check('update'))]
}

interface Placed {
  readonly place: readonly PropertyKey[]
  /** null = no such id can be. */
  readonly row: ChangeOf | null
}

async function changesOf(
  { update, delete: deleted }: EndpointBatch,
  { keyring }: EndpointSettings,
  caller: Caller,
): Promise<Placed[]> {
  const updates = update.map(async ({ id, ...changes }, i): Promise<Placed> => {
    const row = parseId('ep', id)
    const place = ['update', i, 'id']
    if (!row) return { place, row }
    const columns = await columnsOf(changes, keyring, caller, row.id)
    return { place, row: { ...row, action: 'endpoint.changed', from: allStates, changes: columns } }
  })
  const deletions = deleted.map((id, i): Placed => {
    const row = parseId('ep', id)
    return { place: ['delete', i], row: row && { ...row, ...deletion } }
  })
  return [...(await Promise.all(updates)), ...deletions]
}

const unknownAt = (place: readonly PropertyKey[]) => errorWithPointer(place, 'is no endpoint')
