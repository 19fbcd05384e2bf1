// What stands between a file and an outbox: endpoints to make, to change and, if asked for, to delete.
import type { ListedEndpoint } from '../../functions/endpoints/schema.ts'
import type { ApiClient } from '../api/client.ts'
import { type Declared, isDeclarable, isEqual, keyOf, settingNames } from './file.ts'

export interface Change {
  readonly setting: string
  readonly from: unknown
  readonly to: unknown
}

export type Step =
  | { readonly action: 'create'; readonly declared: Declared }
  | {
      readonly action: 'update'
      readonly id: string
      readonly declared: Declared
      readonly changes: readonly Change[]
    }
  /** It has a name, and the file does not have it. */
  | { readonly action: 'delete'; readonly id: string; readonly name: string }

const maxEndpoints = 100_000

export async function readEndpoints(client: ApiClient): Promise<ListedEndpoint[]> {
  const all = await client.all<ListedEndpoint>('/v1/endpoints', { include: 'url_query' }, maxEndpoints)
  return all.filter(isDeclarable)
}

export const nameOf = (step: Step) => (step.action === 'delete' ? step.name : step.declared.name)

export function planFor(
  declared: readonly Declared[],
  existing: readonly ListedEndpoint[],
  { prune }: { readonly prune: boolean },
): Step[] {
  const byKey = new Map(existing.map(endpoint => [keyOf(endpoint), endpoint]))
  const wanted = new Set(declared.map(keyOf))
  return [
    ...declared.flatMap(one => stepFor(one, byKey.get(keyOf(one)))),
    ...(prune
      ? existing
          .filter(endpoint => !wanted.has(keyOf(endpoint)))
          .map(({ id, name }) => ({ action: 'delete' as const, id, name: name! }))
      : []),
  ]
}

function stepFor(declared: Declared, existing: ListedEndpoint | undefined): Step[] {
  if (!existing) return [{ action: 'create', declared }]
  const changes = (['url', ...settingNames] as const)
    .filter(setting => !isEqual(declared[setting], existing[setting]))
    .map(setting => ({ setting, from: existing[setting], to: declared[setting] }))
  return changes.length === 0 ? [] : [{ action: 'update', id: existing.id, declared, changes }]
}
