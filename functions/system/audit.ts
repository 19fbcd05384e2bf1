// Who changed what: every change made through the API, in the order it was made. For operators, not for tenants.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId } from '../../delivery/ids.ts'
import { audit as auditTable } from '../../drizzle/schema/audit.ts'
import { endpoints, replays } from '../../drizzle/schema/outbox.ts'
import { JsonText } from '../http/json.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { problem } from '../http/problem.ts'
import { publicId, responses, Time } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const Action = z.enum([
  'endpoint.created',
  'endpoint.changed',
  'endpoint.paused',
  'endpoint.resumed',
  'endpoint.disabled',
  'endpoint.deleted',
  'endpoint.rotated',
  'endpoint.tested',
  'delivery.redelivered',
  'replay.started',
  'replay.canceled',
])

const Entry = z
  .object({
    at: Time,
    who: z.string().openapi({ description: "The API key's name" }),
    request_id: z.string().openapi({ description: 'As in the x-request-id of the answer' }),
    action: Action,
    endpoint_id: z.string().nullable(),
    delivery_id: z.string().nullable(),
    replay_id: z.string().nullable(),
    changes: z.unknown().openapi({
      description: 'By setting: from and to. Without secrets, headers and the queries of URLs',
    }),
  })
  .openapi('AuditEntry')

const listAudit = createRoute({
  method: 'get',
  path: '/v1/audit',
  summary: 'Who changed what, newest first; for admin keys without a tenant',
  request: { query: z.strictObject({ endpoint_id: publicId('ep').optional(), ...PageQuery }) },
  responses: responses(pageOf(Entry), 'A page of changes'),
})

export const audit = new OpenAPIHono<App>()

audit.openapi(listAudit, c => {
  const { apiKey, db } = c.var
  if (apiKey?.scope !== 'admin') return problem(403, 'The audit is for admin keys.')
  const { endpoint_id, ...page } = c.req.valid('query')
  return replyPage(c, page, {
    read: (after, limit) =>
      db.build('list_audit', builder =>
        builder
          .select({
            entry: auditTable,
            changes: sql<string>`coalesce(${auditTable.changes}::text, 'null')`,
            endpointNonce: endpoints.nonce,
            replayNonce: replays.nonce,
          })
          .from(auditTable)
          .leftJoin(endpoints, eq(endpoints.id, auditTable.endpoint_id))
          .leftJoin(replays, eq(replays.id, auditTable.replay_id))
          .where(
            and(
              endpoint_id &&
                and(eq(auditTable.endpoint_id, endpoint_id.id), eq(endpoints.nonce, endpoint_id.nonce)),
              after ? lt(auditTable.id, after[0]!) : undefined,
            ),
          )
          .orderBy(desc(auditTable.id))
          .limit(limit),
      ),
    positionOf: ({ entry }) => [entry.id],
    write: ({ entry, changes, endpointNonce, replayNonce }) => ({
      at: entry.at.toISOString(),
      who: entry.who,
      request_id: entry.request_id,
      action: entry.action,
      endpoint_id: entry.endpoint_id === null ? null : formatId('ep', entry.endpoint_id, endpointNonce!),
      delivery_id:
        entry.event_id === null || entry.endpoint_id === null
          ? null
          : formatDeliveryId(entry.event_id, entry.endpoint_id),
      replay_id: entry.replay_id === null ? null : formatId('rpl', entry.replay_id, replayNonce!),
      changes: new JsonText(changes),
    }),
  })
})
