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
  const [row] = await c.var.db.run({ name: 'stats', text: queries.stats }, [
    callerOf(c).tenant,
    maxCounted,
    maxEndpoints,
  ])
  const [countedTo, delivered, deliveredCapped, oldest, pending, sending, dead, capped, endpoints] =
    row as Row
  return reply({
    deliveries: { pending, sending, dead },
    capped: capped ?? false,
    counted_to: countedTo,
    delivered_last_hour: delivered,
    delivered_last_hour_capped: deliveredCapped,
    oldest_pending_seconds: oldest,
    endpoints: (JSON.parse(endpoints) as EndpointRow[]).map(([id, nonce, state, pending, sending, dead]) => ({
      id: formatId('ep', BigInt(id), nonce),
      state,
      pending,
      sending,
      dead,
    })),
  })
})

type Row = [number, number, boolean, number | null, number, number, number, boolean | null, string]
type EndpointRow = [id: string, nonce: number, state: string, pending: number, sending: number, dead: number]
