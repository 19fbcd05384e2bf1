// What receivers are sent, as a part of the API's description (OpenAPI's `webhooks`): headers and bodies.
import { type OpenAPIHono, z } from '@hono/zod-openapi'
import { disabledReason } from '../../drizzle/schema/outbox.ts'
import type { App } from '../settings.ts'
import { Time } from './schemas.ts'

const id = z.string().openapi({ example: 'ep_0000000000000001a1b2c3d4' })

const health = { endpoint_id: id, description: z.string().nullable(), failing_since: Time.nullable() }

const webhooks = {
  event: {
    summary: 'Any event: what `data` holds is up to who wrote it',
    type: z.string().openapi({ example: 'order.shipped' }),
    data: z.unknown(),
  },
  'outbox.test': {
    summary: 'Somebody asked for a test (POST /v1/endpoints/{id}/test)',
    type: z.literal('outbox.test'),
    data: z.object({ endpoint_id: id }),
  },
  'outbox.endpoint.disabled': {
    summary: 'An endpoint was disabled; for endpoints whose event_types name this type',
    type: z.literal('outbox.endpoint.disabled'),
    data: z.object({
      endpoint_id: id,
      description: z.string().nullable(),
      reason: z.enum(disabledReason.enumValues),
      failing_since: Time.nullable(),
    }),
  },
  'outbox.endpoint.failing': {
    summary: "An endpoint's circuit breaker has opened; for endpoints whose event_types name this type",
    type: z.literal('outbox.endpoint.failing'),
    data: z.object(health),
  },
  'outbox.endpoint.recovered': {
    summary: 'A success has closed it; for endpoints whose event_types name this type',
    type: z.literal('outbox.endpoint.recovered'),
    data: z.object(health),
  },
  'outbox.delivery.dead': {
    summary: 'A delivery was given up; for endpoints whose event_types name this type',
    type: z.literal('outbox.delivery.dead'),
    data: z.object({
      delivery_id: z.string(),
      event_id: z.string(),
      type: z.string(),
      endpoint_id: id,
      description: z.string().nullable(),
      attempts: z.int(),
      reason: z.string().nullable(),
    }),
  },
  'outbox.capture.broken': {
    summary:
      'Checks of GET /v1/health/capture that have begun to fail; for endpoints whose event_types name this type',
    type: z.literal('outbox.capture.broken'),
    data: z.object({
      checks: z.array(z.object({ name: z.string(), value: z.number(), advice: z.string() })),
    }),
  },
  'outbox.backlog.growing': {
    summary:
      'Deliveries that nothing holds up wait longer and longer; for endpoints whose event_types name this type',
    type: z.literal('outbox.backlog.growing'),
    data: z.object({ oldest_pending_seconds: z.number(), minutes: z.int() }),
  },
}

const headers = z.object({
  'webhook-id': z.string().openapi({
    description: "The event's id, the same for every attempt: drop what you have seen before",
    example: 'evt_00000000000004d2a1b2c3d4',
  }),
  'webhook-timestamp': z.string().openapi({ description: "The attempt's Unix time", example: '1790000000' }),
  'webhook-signature': z.string().openapi({
    description:
      'Standard Webhooks: `v1,` (HMAC-SHA256) or `v1a,` (ed25519), several with a space between them',
  }),
  'outbox-delivery': z.string().openapi({ example: 'dlv_00000000000004d20000000000000001' }),
  'outbox-attempt': z.string().openapi({ description: 'From 1', example: '1' }),
  'outbox-sequence': z
    .string()
    .optional()
    .openapi({ description: 'If the endpoint has `sequence`: 1, 2, 3, … without a gap', example: '41' }),
})

export function describeWebhooks(app: OpenAPIHono<App>): void {
  for (const [name, { summary, type, data }] of Object.entries(webhooks)) {
    const schema = z.object({ type, timestamp: Time, data })
    app.openAPIRegistry.registerWebhook({
      method: 'post',
      path: name,
      summary,
      security: [],
      request: { headers, body: { required: true, content: { 'application/json': { schema } } } },
      responses: {
        '2XX': { description: 'It has arrived' },
        410: { description: 'Send nothing here any more: disables the endpoint' },
        default: { description: 'Try again later' },
      },
    })
  }
}
