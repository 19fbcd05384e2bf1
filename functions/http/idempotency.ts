// Idempotency-Key: a POST or PATCH that is repeated has its effect once and gets the same answer, for 24 hours.
//
// The Worker may die, or lose the database's reply, at any moment, so what a request did and the memory of it must be
// committed together. Over HTTP there is no transaction to keep open while we make up an answer; therefore it isn't the
// answer that is remembered but what the answer is made of: each statement of the request runs inside outbox.run_idempotent(),
// which writes down its rows in the statement's own transaction. A repeat runs the handler again; statements that took
// effect before give the rows they gave then, those that never came to it run now. A handler makes the same answer of the
// same rows, provided it is given its random bytes by `db.randomOnce`. It costs no round trip more than without the header.
//
// So a refusal that came of how things stood (404, 409) is remembered like a success, as users of Stripe expect. One that
// came of the request itself (400, 413) is not: corrected, it may be sent with the same key. Nor are 429 and 503.
import { and, eq } from 'drizzle-orm'
import type { MiddlewareHandler } from 'hono'
import { decodeBase64, encodeBase64 } from '../../delivery/base64.ts'
import { idempotencyKeys } from '../../drizzle/schema/api.ts'
import { type Database, openDatabase } from '../db.ts'
import type { App, Settings } from '../settings.ts'
import { contextOf, type RequestContext } from './context.ts'
import { IdempotentStatements } from './idempotent-statements.ts'
import { badInput } from './problem.ts'

export const idempotency: MiddlewareHandler<App> = async (c, next) => {
  const key = c.req.header('idempotency-key')
  if (key === undefined || !changes(c.req.method) || isReceiver(c.req.path)) return next()
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    return badInput({ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' })
  }
  const scope = c.var.apiKey?.name ?? nobody
  const memory = new IdempotentStatements(scope, key, await fingerprint(c.req.raw, await c.req.bytes()))
  const { db } = c.var
  c.set('db', remembering(c.var.settings, memory, contextOf(c)))
  await next()
  if (isMistake(c.res.status) && !memory.isEmpty) await forget(db, memory)
}

const isMistake = (status: number) => status === 400 || status === 413

/** Nothing took effect, so nothing is lost. Should it fail, the mistake is remembered for a day. */
async function forget(db: Database, { scope, key, fingerprint }: IdempotentStatements): Promise<void> {
  await db
    .build('forget_key', builder =>
      builder
        .delete(idempotencyKeys)
        .where(
          and(
            eq(idempotencyKeys.scope, scope),
            eq(idempotencyKeys.key, key),
            eq(idempotencyKeys.fingerprint, fingerprint),
          ),
        ),
    )
    .catch(() => {})
}

function remembering(
  settings: Settings,
  memory: IdempotentStatements,
  context: RequestContext | null,
): Database {
  const db = openDatabase(settings, undefined, memory, context)
  const { keyring } = settings
  return {
    ...db,
    /** Kept sealed: it may be the secret of an endpoint. */
    async randomOnce(name, random) {
      const context = `choice/${name}`
      const sealed = encodeBase64(await keyring.seal(random, context))
      const [row] = await db.run({ name: `random_once_${name}`, text: 'select $1::text' }, [sealed])
      return keyring.open(decodeBase64(row![0] as string)!, context)
    },
  }
}

const changes = (method: string) => method === 'POST' || method === 'PATCH'

/** Webhooks carry an id of their own, by which the receivers drop repeats. */
const isReceiver = (path: string) => path.startsWith('/receivers/')

/** The shop may be public, and a key's name is never empty. */
const nobody = ''

/** Of all that makes the request another one: its method, its path and query, its body. */
async function fingerprint({ method, url }: Request, body: Uint8Array): Promise<string> {
  const { pathname, search } = new URL(url)
  const head = new TextEncoder().encode(`${method} ${pathname}${search}\n`)
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array([...head, ...body]))
  return encodeBase64(new Uint8Array(digest))
}
