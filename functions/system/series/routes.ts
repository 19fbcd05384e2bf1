// GET /v1/stats/series: what became of the attempts over time, for charts.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { badInput, problem } from '../../http/problem.ts'
import { reply } from '../../http/reply.ts'
import { publicId, responses, TimeText, text } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { buckets, rangeOf } from './range.ts'
import { readSeries } from './read.ts'
import { type Measure, measures, Series } from './schema.ts'

const Measures = z
  .string()
  .transform(value => new Set(value.split(',')) as ReadonlySet<Measure>)
  .refine(
    chosen => [...chosen].every(measure => measures.includes(measure)),
    `must be of ${measures.join(', ')}, with commas between them`,
  )
  .openapi({ type: 'string', example: 'attempts,response_time' })

const getSeries = defineRoute({
  method: 'get',
  path: '/v1/stats/series',
  operationId: 'getStatsSeries',
  summary: 'Attempts, response times, first delays and the backlog over time',
  access: { tenants: true },
  request: {
    query: z.strictObject({
      measure: Measures.default(new Set(measures)),
      since: TimeText.optional().openapi({ description: 'Default: an hour before `until`' }),
      until: TimeText.optional().openapi({ description: 'Exclusive. Default: now' }),
      bucket: z
        .enum(Object.keys(buckets) as [keyof typeof buckets])
        .optional()
        .openapi({
          description:
            'Default: one that makes up to 120 of them. Below an hour for at most two days; at most 750 buckets, and 92 days',
        }),
      endpoint_id: publicId('ep').optional(),
      tenant: text(1000).optional(),
    }),
  },
  responses: responses(Series, 'The series, in buckets of whole minutes, hours or days of UTC'),
})

export const series = new OpenAPIHono<App>()

series.openapi(getSeries, async c => {
  const { measure, endpoint_id: endpoint, tenant, ...asked } = c.req.valid('query')
  const caller = callerOf(c)
  if (caller.tenant !== null && tenant !== undefined && tenant !== caller.tenant)
    return problem(403, 'This key may only read what is its own tenant’s.')
  const range = rangeOf(asked, new Date())
  if ('path' in range) return badInput(range)
  const scope = { endpoint, tenant: tenant ?? caller.tenant, reader: caller.tenant }
  const found = await readSeries(c.var.db, scope, range, measure)
  return found ? reply(found) : problem(404, 'There is no such endpoint.')
})
