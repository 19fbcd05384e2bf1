// A demo receiver that fails on demand, so that retries, the circuit breaker and a redelivery can be seen:
// /receivers/flaky?fail=503&times=2 answers the first two attempts of each webhook with 503, and the third with 200. It has no
// effect and keeps no state: which attempt it is, the webhook says.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { problem } from '../../http/problem.ts'
import type { App } from '../../settings.ts'
import { receiverAccess } from '../access.ts'
import { received, receives } from './webhook.ts'

const wholeNumber = (min: number, max: number, preset: number) =>
  z.coerce.number().int().min(min).max(max).default(preset)

const postFlaky = defineRoute({
  method: 'post',
  path: '/receivers/flaky',
  operationId: 'receiveFlakily',
  summary: 'Demo receiver: fails as often as its URL says',
  access: receiverAccess,
  request: {
    query: z.object({
      fail: wholeNumber(400, 599, 503).openapi({ description: 'The status that it fails with' }),
      times: wholeNumber(0, 1_000, 2).openapi({ description: 'Attempts of each webhook that fail' }),
    }),
  },
  responses: receives,
})

export const flaky = new OpenAPIHono<App>()

flaky.openapi(postFlaky, c => {
  const { fail, times } = c.req.valid('query')
  const attempt = Number(c.req.header('outbox-attempt') ?? 1)
  return attempt <= times
    ? problem(fail as 503, `This receiver was asked to fail ${times} times, and this is attempt ${attempt}.`)
    : received()
})
