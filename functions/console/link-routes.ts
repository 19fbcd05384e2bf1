// POST /v1/console/links: who has a key gets a link that signs a browser in with it, once. An application sends its customers to
// the console that way, with a key of their tenant, and they never see the key.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../http/define-route.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { responses, Time } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { validMs, writeLinkCode } from './link.ts'

const ConsoleLink = z
  .object({
    path: z.string().openapi({
      description: 'To put behind the address of this API. Who opens it first is signed in, nobody after',
      example: '/console/link?code=…',
    }),
    expires_at: Time,
  })
  .openapi('ConsoleLink')

const postLink = defineRoute({
  method: 'post',
  path: '/v1/console/links',
  operationId: 'createConsoleLink',
  summary: 'Make a link that signs in to the console once, with the key of this request',
  access: { scope: 'read', tenants: true, idempotencyKey: false },
  responses: responses(ConsoleLink, 'The link', 201),
})

export const consoleLinks = new OpenAPIHono<App>()

consoleLinks.openapi(postLink, async c => {
  const { apiKey, settings } = c.var
  if (!apiKey) return problem(403, 'There is no key here that could be signed in with.')
  const nowMs = Date.now()
  const code = await writeLinkCode(settings.keyring, apiKey.hash, nowMs)
  return reply(
    { path: `/console/link?code=${code}`, expires_at: new Date(nowMs + validMs).toISOString() },
    201,
  )
})
