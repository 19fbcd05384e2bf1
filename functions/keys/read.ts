// The keys from the database, newest first. Those of OUTBOX_API_KEYS are not there.
import { desc, lt } from 'drizzle-orm'
import { formatId, parseId } from '../../delivery/ids.ts'
import { apiKeys } from '../../drizzle/schema/api.ts'
import type { Database } from '../db.ts'
import type { ListedApiKey } from './schema.ts'

/** All but the hash. */
const shown = {
  id: apiKeys.id,
  nonce: apiKeys.nonce,
  name: apiKeys.name,
  scope: apiKeys.scope,
  tenant: apiKeys.tenant,
  created_at: apiKeys.created_at,
  expires_at: apiKeys.expires_at,
  last_used_at: apiKeys.last_used_at,
}

export function listKeys(db: Database, before: bigint | undefined, limit: number) {
  return db.build('list_keys', builder =>
    builder
      .select(shown)
      .from(apiKeys)
      .where(before === undefined ? undefined : lt(apiKeys.id, before))
      .orderBy(desc(apiKeys.id))
      .limit(limit),
  )
}

/** undefined: it was revoked, or never was. */
export async function findKey(db: Database, id: string): Promise<ListedApiKey | undefined> {
  const wanted = parseId('key', id)
  if (!wanted) return undefined
  const [row] = await listKeys(db, wanted.id + 1n, 1)
  return row?.id === wanted.id && row.nonce === wanted.nonce ? toListedKey(row) : undefined
}

type KeyRow = Awaited<ReturnType<typeof listKeys>>[number]

export function toListedKey({
  id,
  nonce,
  created_at,
  expires_at,
  last_used_at,
  ...rest
}: KeyRow): ListedApiKey {
  return {
    id: formatId('key', id, nonce),
    ...rest,
    created_at: created_at.toISOString(),
    expires_at: expires_at?.toISOString() ?? null,
    last_used_at: last_used_at?.toISOString() ?? null,
  }
}
