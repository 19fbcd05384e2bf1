// An entry of the audit: one change made through the API.
import { z } from '@hono/zod-openapi'
import { Time } from '../../openapi/schemas.ts'

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
  'event.shown',
  'replay.started',
  'replay.canceled',
  'key.created',
  'key.revoked',
  'system.adopted',
])

export const Entry = z
  .object({
    at: Time,
    who: z.string().openapi({ description: "The API key's name" }),
    request_id: z.string().openapi({ description: 'As in the x-request-id of the answer' }),
    action: Action,
    endpoint_id: z.string().nullable(),
    delivery_id: z.string().nullable(),
    event_id: z.string().nullable().openapi({
      description: 'Of event.shown: somebody had the data of the event shown in the console',
    }),
    replay_id: z.string().nullable(),
    changes: z.unknown().openapi({
      description: 'By setting: from and to. Without secrets, headers and the queries of URLs',
    }),
  })
  .openapi('AuditEntry')
