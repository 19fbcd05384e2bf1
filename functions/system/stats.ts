// How things stand right now, for dashboards and for the first look at three in the morning. Cheap however much there is:
// every count stops at a limit that the answer names.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { formatId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { endpointState } from '../../drizzle/schema/outbox.ts'
import { callerOf } from '../access/caller.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

/** Rows a look may count: measured with 2,000 endpoints, a million pending and two million attempts, a quarter second. */
const maxCounted = 100_000
const maxEndpoints = 1_000

const counts = { pending: z.int(), sending: z.int(), dead: z.int() }

const Stats = z
  .object({
    deliveries: z.object(counts),
    capped: z.boolean().openapi({ description: 'A count stopped at `counted_to`: there are more' }),
    counted_to: z.int().openapi({
      description:
        'Where counting stops, for each endpoint: 10000, less where there are more than 10 endpoints',
    }),
    delivered_last_hour: z.int(),
    delivered_last_hour_capped: z
      .boolean()
      .openapi({ description: `Counting stopped somewhere above ${maxCounted}: there were more` }),
    oldest_pending_seconds: z
      .number()
      .nullable()
      .openapi({ description: 'How long the delivery that waits longest has been due; null = none waits' }),
    endpoints: z
      .array(z.object({ id: z.string(), state: z.enum(endpointState.enumValues), ...counts }))
      .openapi({ description: `Those with the most pending first, at most ${maxEndpoints}` }),
  })
  .openapi('Stats')

const readStats = createRoute({
  method: 'get',
  path: '/v1/stats',
  summary: 'How many deliveries wait, are on their way, are dead, were delivered',
  responses: responses(Stats, 'How things stand'),
})

export const stats = new OpenAPIHono<App>()

stats.openapi(readStats, async c => {
  const { tenant } = callerOf(c)
  const found = await queries.stats(c.var.db.run, { tenant, maxCounted, maxEndpoints })
  return reply({
    deliveries: { pending: found.pending, sending: found.sending, dead: found.dead },
    capped: found.isCapped ?? false,
    counted_to: found.countedTo,
    delivered_last_hour: found.delivered,
    delivered_last_hour_capped: found.deliveredIsCapped,
    oldest_pending_seconds: found.oldestPendingSeconds,
    endpoints: found.endpoints.map(({ id, nonce, ...others }) => ({
      id: formatId('ep', id, nonce),
      ...others,
    })),
  })
})
