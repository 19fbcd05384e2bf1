// What stands between a file and an outbox: endpoints to make, to change and, if asked for, to delete.
import type { Endpoint, ListedEndpoint } from '../../functions/endpoints/schema.ts'
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
/** Requests at once. */
const concurrency = 8

export async function readEndpoints(client: ApiClient): Promise<ListedEndpoint[]> {
  const all = await client.all<ListedEndpoint>('/v1/endpoints', {}, maxEndpoints)
  const declarable = all.filter(isDeclarable)
  // A list hides the queries of URLs, which may hold a token: those are asked for one by one.
  const hidden = declarable.filter(({ url }) => url.endsWith('?***'))
  const shown = new Map<string, ListedEndpoint>()
  await atOnce(hidden, async ({ id }) => {
    shown.set(id, await client.get<Endpoint>(`/v1/endpoints/${id}`))
  })
  return declarable.map(endpoint => shown.get(endpoint.id) ?? endpoint)
}

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

export interface Done {
  readonly step: Step
  readonly id: string
  /** Of a new endpoint, shown this once. */
  readonly secret?: string
}

export async function apply(
  client: ApiClient,
  steps: readonly Step[],
  onDone: (done: Done) => void,
): Promise<void> {
  await atOnce(steps, async step => onDone(await take(client, step)))
}

async function take(client: ApiClient, step: Step): Promise<Done> {
  switch (step.action) {
    case 'create': {
      const created = await client.post<Endpoint & { secret?: string; public_key?: string }>(
        '/v1/endpoints',
        step.declared,
      )
      const secret = created.secret ?? created.public_key
      return { step, id: created.id, ...(secret === undefined ? {} : { secret }) }
    }
    case 'update': {
      const { signing, ...changes } = Object.fromEntries(step.changes.map(({ setting, to }) => [setting, to]))
      if (Object.keys(changes).length > 0) await client.patch(`/v1/endpoints/${step.id}`, changes)
      const rotated = signing === undefined ? null : await rotate(client, step.id, signing)
      return { step, id: step.id, ...(rotated === null ? {} : { secret: rotated }) }
    }
    case 'delete':
      await client.delete(`/v1/endpoints/${step.id}`)
      return { step, id: step.id }
  }
}

/** The kind of signing changes by a rotation. */
async function rotate(client: ApiClient, id: string, signing: unknown): Promise<string> {
  const { secret, public_key } = await client.post<{ secret?: string; public_key?: string }>(
    `/v1/endpoints/${id}/rotate`,
    { signing },
  )
  return secret ?? public_key ?? ''
}

/** A few at a time; the first that fails ends it. */
async function atOnce<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}
