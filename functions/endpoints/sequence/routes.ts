// GET /v1/endpoints/{id}/sequence: which webhooks an endpoint was sent, by their numbers. A receiver that has all of them up to
// the last has missed none.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { formatDeliveryId, formatId, parseId } from '../../../delivery/ids.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import { callerOf } from '../../access/caller.ts'
import { State } from '../../deliveries/schema.ts'
import { defineRoute } from '../../http/define-route.ts'
import { PageQuery } from '../../http/pagination.ts'
import { problem } from '../../http/problem.ts'
import { reply } from '../../http/reply.ts'
import { Int64, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { unknownEndpoint } from '../replies.ts'
import { EndpointId } from '../schema.ts'

/** Of what waits. */
const maxCounted = 1_000

const Sequence = z
  .object({
    data: z
      .array(
        z.object({
          sequence: Int64,
          delivery_id: z.string(),
          event_id: z.string().nullable().openapi({ description: 'null = past the retention time' }),
          type: z.string().nullable(),
          key: z.string().nullable(),
          state: State.nullable().openapi({ description: 'Of the delivery, now' }),
        }),
      )
      .openapi({ description: 'By their numbers. The next page: `after` the last of them' }),
    first: Int64.nullable().openapi({ description: 'The lowest that is still known' }),
    last: Int64.openapi({ description: 'The highest that was given; 0 = none yet' }),
    waiting: z.int().openapi({
      description: `Deliveries that get their number when they are first sent, also those that are yet to be made of new events; counted to ${maxCounted}`,
    }),
  })
  .openapi('Sequence')

const getSequence = defineRoute({
  method: 'get',
  path: '/v1/endpoints/{id}/sequence',
  operationId: 'getSequence',
  summary: 'The numbers of an endpoint’s deliveries, without a gap: what a receiver compares its own with',
  access: { tenants: true },
  request: {
    params: EndpointId,
    query: z.strictObject({
      after: z
        .string()
        .regex(/^\d{1,18}$/, 'must be a whole number')
        .transform(BigInt)
        .default(0n)
        .openapi({
          type: 'integer',
          format: 'int64',
          minimum: 0,
          default: 0,
          description: 'Those above it: the last number up to which none is missing',
        }),
      limit: PageQuery.limit,
    }),
  },
  responses: responses(Sequence, 'A page of numbers'),
})

export const sequences = new OpenAPIHono<App>()

sequences.openapi(getSequence, async c => {
  const key = parseId('ep', c.req.valid('param').id)
  if (!key) return unknownEndpoint()
  const { tenant } = callerOf(c)
  const found = await queries.readSequence(c.var.db.run, {
    ...key,
    ...c.req.valid('query'),
    tenant,
    maxCounted,
  })
  const { isNumbered, first, last, waiting } = found.meta
  if (isNumbered === null) return unknownEndpoint()
  if (!isNumbered && last === 0n)
    return problem(409, 'Its deliveries have no numbers: set sequence to true.', { type: 'no-sequence' })
  return reply({
    data: found.rows.map(row => ({
      sequence: row.number,
      delivery_id: formatDeliveryId(row.eventId, key.id),
      event_id: row.eventNonce === null ? null : formatId('evt', row.eventId, row.eventNonce),
      type: row.type,
      key: row.key,
      state: row.state,
    })),
    first,
    last,
    waiting,
  })
})
