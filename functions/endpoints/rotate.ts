// A new signing key for an endpoint. For a while both sign, so that the receiver can change over when it suits them.
import { OpenAPIHono } from '@hono/zod-openapi'
import { parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { callerOf } from '../access/caller.ts'
import { DatabaseError } from '../db.ts'
import { defineRoute } from '../http/define-route.ts'
import { badInput, problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { optionalBody, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { Endpoint, EndpointId, findEndpoint, ShownKey, unknownEndpoint } from './endpoint.ts'
import { Rotation } from './endpoint-settings.ts'
import { chooseKey, sealKey, showKey } from './signing-key.ts'

const rotate = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/rotate',
  summary: 'Sign with a new key, and for a while with the old one too',
  access: { tenants: true },
  request: { params: EndpointId, body: optionalBody(Rotation) },
  responses: responses(
    Endpoint.extend(ShownKey).openapi('RotatedEndpoint'),
    'The endpoint and its new key, shown this once',
  ),
})

/** Keys of one endpoint that sign at the same time: each makes the signature header longer. */
const maxKeys = 10

export const rotation = new OpenAPIHono<App>()

rotation.openapi(rotate, async c => {
  const { db, settings } = c.var
  const caller = callerOf(c)
  const { id } = c.req.valid('param')
  const { overlap_seconds, signing, secret } = Rotation.parse(c.req.valid('json') ?? {})
  const row = parseId('ep', id)
  const before = await findEndpoint(db, id, caller)
  if (!row || !before) return unknownEndpoint()
  const key = await chooseKey(db, signing ?? before.signing, secret)
  if ('path' in key) return badInput(key)
  const { secretId } = await queries.reserveSecretId(db.run)
  const { sealed, publicKey } = await sealKey(settings.keyring, key, secretId, row.id.toString())
  const rotated = queries.rotateSecret(db.run, {
    ...row,
    ...caller,
    secretId,
    signing: key.signing,
    sealedSecret: sealed,
    publicKey,
    overlapSeconds: overlap_seconds,
    maxKeys,
  })
  const found = await rotated.catch(collision)
  if (found === 'collision') return problem(409, 'Somebody else rotated it at this very moment.')
  const after = found && (await findEndpoint(db, id, caller))
  if (!after) return unknownEndpoint()
  if (!found.isAllowed) {
    return problem(
      409,
      `${maxKeys} keys sign already: wait until one has ended, or end all with overlap_seconds 0.`,
    )
  }
  return reply({ ...after, ...showKey(key) })
})

/** The database lets only one of two be the last. */
function collision(error: unknown): 'collision' {
  if (error instanceof DatabaseError && error.sqlstate === uniqueViolation) return 'collision'
  throw error
}

const uniqueViolation = '23505'
