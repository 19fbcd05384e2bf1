// Endpoints from the database: a page of them, or one with the keys that sign now.
import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import { formatId, parseId } from '../../delivery/ids.ts'
import { endpointSecrets, endpoints } from '../../drizzle/schema/outbox.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import type { Endpoint, Key, ListedEndpoint } from './schema.ts'
import { type EndpointRow, settingsOf } from './settings.ts'

type Reader = Pick<Caller, 'tenant'>

/** Newest first, from before this id on. */
export function listEndpoints(
  db: Database,
  { tenant }: Reader,
  name: string | undefined,
  before: bigint | undefined,
  limit: number,
) {
  return db.build('list_endpoints', builder =>
    builder
      .select()
      .from(endpoints)
      .where(
        and(
          isNull(endpoints.deleted_at),
          tenant === null ? undefined : eq(endpoints.tenant, tenant),
          name === undefined ? undefined : eq(endpoints.name, name),
          before === undefined ? undefined : lt(endpoints.id, before),
        ),
      )
      .orderBy(desc(endpoints.id))
      .limit(limit),
  )
}

/** Null for no endpoint, a deleted one and another tenant's alike: a caller can not tell them apart. */
export async function findEndpoint(
  db: Database,
  publicId: string,
  { tenant }: Reader,
): Promise<Endpoint | null> {
  const key = parseId('ep', publicId)
  if (!key) return null
  const signsNow = or(
    isNull(endpointSecrets.expires_at),
    gt(endpointSecrets.expires_at, sql`clock_timestamp()`),
  )
  const [[endpoint], keys] = await db.build('read_endpoint', builder =>
    builder.batch([
      builder
        .select()
        .from(endpoints)
        .where(
          and(
            eq(endpoints.id, key.id),
            eq(endpoints.nonce, key.nonce),
            isNull(endpoints.deleted_at),
            tenant === null ? undefined : eq(endpoints.tenant, tenant),
          ),
        ),
      builder
        .select({
          signing: endpointSecrets.signing,
          public_key: endpointSecrets.public_key,
          created_at: endpointSecrets.created_at,
          expires_at: endpointSecrets.expires_at,
        })
        .from(endpointSecrets)
        .where(and(eq(endpointSecrets.endpoint_id, key.id), signsNow))
        .orderBy(sql`${endpointSecrets.expires_at} is not null`, sql`${endpointSecrets.id} desc`),
    ]),
  )
  return endpoint ? { ...toEndpoint(endpoint), keys: keys.map(toKey) } : null
}

/** In lists, which end up in tickets and chats, URLs have no query: it may hold a token. */
export function toListedEndpoint(row: EndpointRow): ListedEndpoint {
  return { ...toEndpoint(row), url: withoutQuery(row.url) }
}

export function withoutQuery(url: string): string {
  return url.replace(/\?.*/s, '?***')
}

export function toEndpoint(row: EndpointRow): ListedEndpoint {
  return {
    id: formatId('ep', row.id, row.nonce),
    ...settingsOf(row),
    state: row.state,
    disabled_reason: row.disabled_reason,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

type KeyRow = Pick<
  typeof endpointSecrets.$inferSelect,
  'signing' | 'public_key' | 'created_at' | 'expires_at'
>

function toKey({ signing, public_key, created_at, expires_at }: KeyRow): Key {
  return {
    signing,
    ...(public_key === null ? {} : { public_key }),
    created_at: created_at.toISOString(),
    expires_at: expires_at?.toISOString() ?? null,
  }
}
