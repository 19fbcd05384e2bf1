// Giving out a key and taking it back. Only operators may, and a key can give out none that is valid longer than itself.
import { formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { type ApiKey, hashOf } from '../access/api-keys.ts'
import type { Caller } from '../access/caller.ts'
import { formatApiKey, keyBytes, storedHash } from '../access/stored-keys.ts'
import type { Database } from '../db.ts'
import type { InputError } from '../http/problem.ts'
import type { CreatedApiKey, NewApiKey } from './schema.ts'

export interface Giver extends Caller {
  /** When the key ends that the request came with; null = never. */
  readonly expiresAt: Date | null
}

export type Created = CreatedApiKey | { readonly wrongInput: readonly InputError[] } | 'other tenant'

export async function createKey(
  db: Pick<Database, 'run' | 'randomOnce'>,
  configured: readonly ApiKey[],
  giver: Giver,
  { name, scope, tenant, expires_at }: NewApiKey,
): Promise<Created> {
  if (giver.tenant !== null) return 'other tenant'
  const wrongInput = [...nameErrors(name, configured), ...expiryErrors(expires_at, giver.expiresAt)]
  if (wrongInput.length > 0) return { wrongInput }
  const random = crypto.getRandomValues(new Uint8Array(keyBytes))
  const key = formatApiKey(await db.randomOnce('api_key', random))
  const { id, nonce, createdAt } = await queries.createKey(db.run, {
    ...giver,
    name,
    scope,
    tenant,
    hash: await storedHash(await hashOf(key)),
    expiresAt: expires_at,
  })
  return {
    id: formatId('key', id, nonce),
    name,
    scope,
    tenant,
    created_at: createdAt,
    expires_at: expires_at?.toISOString() ?? null,
    last_used_at: null,
    key,
  }
}

/** The audit and the limits know callers by name, so the names of the setting stay those of its keys. */
function nameErrors(name: string, configured: readonly ApiKey[]): InputError[] {
  return configured.some(key => key.name === name)
    ? [{ path: 'name', message: 'is the name of a key in OUTBOX_API_KEYS' }]
    : []
}

function expiryErrors(wanted: Date | null, latest: Date | null): InputError[] {
  if (wanted !== null && wanted.getTime() <= Date.now())
    return [{ path: 'expires_at', message: 'must be in the future' }]
  if (latest !== null && (wanted === null || wanted > latest))
    return [
      {
        path: 'expires_at',
        message: `must not be later than that of your own key, ${latest.toISOString()}`,
      },
    ]
  return []
}

/** False where there is no such key. */
export async function deleteKey(db: Pick<Database, 'run'>, caller: Caller, id: string): Promise<boolean> {
  const key = parseId('key', id)
  if (!key || caller.tenant !== null) return false
  return (await queries.deleteKey(db.run, { ...caller, ...key })) !== undefined
}
