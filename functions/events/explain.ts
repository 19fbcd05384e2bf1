// Why did it (not) fire? For an event: every endpoint with its reason. For a row: every condition of its capture.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { and, eq } from 'drizzle-orm'
import { parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { deliveryState, events } from '../../drizzle/schema/outbox.ts'
import { withoutQuery } from '../endpoints/endpoint.ts'
import { defineRoute } from '../http/define-route.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { responses, text } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const Verdict = z.enum([
  'matched',
  'type',
  'tenant',
  'created_later',
  'deleted',
  'disabled',
  'not_fanned_out',
  'changed_since',
])

const Explanation = z
  .object({
    id: z.string().openapi({ example: 'evt_00000000000004d2a1b2c3d4' }),
    endpoints: z.array(
      z.object({
        endpoint_id: z.string(),
        url: z.string(),
        verdict: Verdict,
        delivery_state: z.enum(deliveryState.enumValues).nullable(),
        story: z
          .string()
          .openapi({ example: 'Does not want order.created: its event_types are order.shipped.' }),
      }),
    ),
  })
  .openapi('Explanation')

const RowExplanation = z
  .object({
    table: z.string(),
    key: z.string(),
    findings: z.array(z.object({ holds: z.boolean(), finding: z.string() })),
  })
  .openapi('RowExplanation')

const explainEvent = defineRoute({
  method: 'get',
  path: '/v1/events/{id}/explain',
  summary: 'Say which endpoints get an event, which do not, and why',
  request: { params: z.object({ id: z.string() }) },
  responses: responses(Explanation, 'Every endpoint, with its reason'),
})

const explainRow = defineRoute({
  method: 'get',
  path: '/v1/explain',
  summary: 'Say why a row made an event or none',
  request: {
    query: z.strictObject({
      table: text(200).openapi({ example: 'orders' }),
      key: text(1000).openapi({ example: 'orders/17' }),
    }),
  },
  responses: responses(RowExplanation, 'What must hold for a change of this row to be captured'),
})

export const explain = new OpenAPIHono<App>()

explain.openapi(explainEvent, async c => {
  const { id } = c.req.valid('param')
  const key = parseId('evt', id)
  if (!key) return unknownEvent()
  const [known, rows] = await Promise.all([
    c.var.db.build('find_event', builder =>
      builder
        .select({ id: events.id })
        .from(events)
        .where(and(eq(events.id, key.id), eq(events.nonce, key.nonce))),
    ),
    queries.explain(c.var.db.run, { event: id }),
  ])
  if (known.length === 0) return unknownEvent()
  const endpoints = rows.map(({ endpoint, url, verdict, deliveryState, reason }) => ({
    endpoint_id: endpoint,
    url: withoutQuery(url),
    verdict,
    delivery_state: deliveryState,
    story: reason,
  }))
  return reply({ id, endpoints })
})

explain.openapi(explainRow, async c => {
  const { table, key } = c.req.valid('query')
  const findings = await queries.explainRow(c.var.db.run, { table, key })
  return reply({
    table,
    key,
    findings: findings.map(({ passed, message }) => ({ holds: passed, finding: message })),
  })
})

const unknownEvent = () => problem(404, 'There is no such event.')
