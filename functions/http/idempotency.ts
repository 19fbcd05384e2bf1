// Idempotency-Key: a POST or PATCH that is repeated has its effect once and gets the same answer, for 24 hours.
//
// The Worker may die, or lose the database's reply, at any moment, so a request's effect and the memory of it must be
// committed together. Over HTTP no transaction stays open while an answer is made. So the answer itself is not remembered,
// but the rows it is made of: each statement of the request runs inside outbox.run_idempotent(), which writes down its rows
// in the statement's own transaction. A repeat runs the handler again: statements that took effect before give the rows
// they gave then, the others run now. A handler makes the same answer of the same rows, provided it takes its random bytes
// from `db.randomOnce`. A request with the header takes no more round trips than one without.
//
// A refusal that depends on the state of things (404, 409) is remembered like a success, as users of Stripe expect. One
// that depends on the request alone (400, 413) is not: corrected, it may be sent with the same key. Nor are 429 and 503.
// Whose a key is: idempotency-key.ts.
import { and, eq, inArray } from 'drizzle-orm'
import type { MiddlewareHandler } from 'hono'
import { decodeBase64, encodeBase64 } from '../../delivery/base64.ts'
import { joined } from '../../delivery/join.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import { idempotencyKeys } from '../../drizzle/schema/api.ts'
import type { Database } from '../db.ts'
import type { App } from '../settings.ts'
import { hashedKey } from './idempotency-key.ts'
import { IdempotentStatements } from './idempotent-statements.ts'
import { badInput } from './problem.ts'

export const idempotency: MiddlewareHandler<App> = async (c, next) => {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return next()
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    return badInput({ path: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' })
  }
  const { db, settings } = c.var
  const request = await fingerprint(c.req.raw, await c.req.bytes())
  const { owner, hashes } = await hashedKey(c, key, request)
  const statements = new IdempotentStatements(owner, hashes, request)
  c.set('db', remembering(db, statements, settings.keyring))
  await next()
  if (isMistake(c.res.status) && !statements.isEmpty) await forget(db, statements)
}

const isMistake = (status: number) => status === 400 || status === 413

/** Nothing took effect, so nothing is lost. If this fails, the mistake is remembered for a day. */
async function forget(db: Database, { scope, keys, fingerprint }: IdempotentStatements): Promise<void> {
  await db
    .build('forget_key', builder =>
      builder
        .delete(idempotencyKeys)
        .where(
          and(
            eq(idempotencyKeys.scope, scope),
            inArray(idempotencyKeys.key, [...keys]),
            eq(idempotencyKeys.fingerprint, fingerprint),
          ),
        ),
    )
    .catch(() => {})
}

function remembering(plain: Database, statements: IdempotentStatements, keyring: Keyring): Database {
  const db = plain.through(statements)
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

/** Of everything that distinguishes requests: method, path, query and body. */
async function fingerprint({ method, url }: Request, body: Uint8Array): Promise<string> {
  const { pathname, search } = new URL(url)
  const digest = await crypto.subtle.digest('SHA-256', joined(`${method} ${pathname}${search}\n`, body))
  return encodeBase64(new Uint8Array(digest))
}
