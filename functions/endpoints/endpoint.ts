// An endpoint as people see it: neither its secrets nor its headers.
import { z } from '@hono/zod-openapi'
import { and, eq, gt, isNull, or, sql } from 'drizzle-orm'
import { formatId, parseId } from '../../delivery/ids.ts'
import {
  disabledReason,
  endpointSecrets,
  endpointState,
  endpoints as endpointTable,
  signing,
} from '../../drizzle/schema/outbox.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { problem } from '../http/problem.ts'
import { Time } from '../openapi/schemas.ts'
import { endpointFields } from './endpoint-settings.ts'

export const ListedEndpoint = z
  .object({
    id: z.string().openapi({ example: 'ep_0000000000000001a1b2c3d4' }),
    ...endpointFields,
    state: z.enum(endpointState.enumValues),
    disabled_reason: z.enum(disabledReason.enumValues).nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .openapi('ListedEndpoint')

const Key = z
  .object({
    signing: z.enum(signing.enumValues),
    public_key: z.string().optional().openapi({ description: 'With ed25519: what receivers verify with' }),
    created_at: Time,
    expires_at: Time.nullable().openapi({ description: 'null = it signs until it is rotated' }),
  })
  .openapi('Key')

export const Endpoint = ListedEndpoint.extend({
  keys: z.array(Key).openapi({ description: 'Those that sign now, the newest first' }),
}).openapi('Endpoint')

/** Shown once, where it was made. */
export const ShownKey = {
  secret: z.string().optional().openapi({ description: 'With hmac: what webhooks are signed with' }),
  public_key: z.string().optional().openapi({ description: 'With ed25519: what webhooks verify with' }),
}

export const EndpointId = z.object({ id: z.string() })

/** Null for what is no endpoint, what is deleted and what is another tenant's: nobody can tell which. */
export async function findEndpoint(db: Database, publicId: string, { tenant }: Caller) {
  const key = parseId('ep', publicId)
  if (!key) return null
  const isAlive = or(
    isNull(endpointSecrets.expires_at),
    gt(endpointSecrets.expires_at, sql`clock_timestamp()`),
  )
  const [[endpoint], keys] = await db.build('read_endpoint', builder =>
    builder.batch([
      builder
        .select()
        .from(endpointTable)
        .where(
          and(
            eq(endpointTable.id, key.id),
            eq(endpointTable.nonce, key.nonce),
            isNull(endpointTable.deleted_at),
            tenant === null ? undefined : eq(endpointTable.tenant, tenant),
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
        .where(and(eq(endpointSecrets.endpoint_id, key.id), isAlive))
        .orderBy(sql`${endpointSecrets.expires_at} is not null`, sql`${endpointSecrets.id} desc`),
    ]),
  )
  return endpoint ? { ...toEndpoint(endpoint), keys: keys.map(toKey) } : null
}

export function toEndpoint(row: typeof endpointTable.$inferSelect): z.infer<typeof ListedEndpoint> {
  return {
    id: formatId('ep', row.id, row.nonce),
    url: row.url,
    description: row.description,
    event_types: row.event_types,
    tenant: row.tenant,
    signing: row.signing,
    ordering: row.ordering,
    max_in_flight: row.max_in_flight,
    rate_per_second: row.rate_per_second,
    timeout_seconds: row.timeout_seconds,
    retry_schedule: row.retry_schedule,
    state: row.state,
    disabled_reason: row.disabled_reason,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** For lists, which end up in tickets and chats: a query may hold a token. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*/s, '?***')
}

type KeyRow = Pick<
  typeof endpointSecrets.$inferSelect,
  'signing' | 'public_key' | 'created_at' | 'expires_at'
>

function toKey({ signing, public_key, created_at, expires_at }: KeyRow): z.infer<typeof Key> {
  return {
    signing,
    ...(public_key === null ? {} : { public_key }),
    created_at: created_at.toISOString(),
    expires_at: expires_at?.toISOString() ?? null,
  }
}

export const unknownEndpoint = () => problem(404, 'There is no such endpoint.')
