// Too many requests are answered 429 with Retry-After. Token buckets in Postgres, one statement for each token.
// Cloudflare's own rate-limiting binding would cost no round trip, but it counts each of its locations apart, and knows
// only periods of 10 and 60 seconds and no Retry-After; and Postgres is the only thing that holds state here. The routes
// that are limited are rare and do far more in the database than take a token.
import type { Context, MiddlewareHandler } from 'hono'
import { parseAddress } from '../../delivery/address.ts'
import { encodeBase64 } from '../../delivery/base64.ts'
import { takeToken } from '../../drizzle/queries.gen.ts'
import { type Database, DatabaseError, openDatabase } from '../db.ts'
import { problem } from '../http/problem.ts'
import type { Reply } from '../http/reply.ts'
import type { App } from '../settings.ts'
import type { Cost } from './access.ts'
import { clientAddress } from './client-address.ts'

/** Per API key. */
export function limitCost(cost: Cost | null): MiddlewareHandler<App> {
  return async (c, next) => {
    if (!cost) return next()
    const waitSeconds = await take(c.var.db, `${cost.bucket}/${c.var.apiKey?.name}`, cost)
    return waitSeconds > 0 ? tooMany(waitSeconds) : next()
  }
}

/** Wrong keys that one source may try. Valid keys are never counted, so nobody can lock others out by guessing. */
const guesses = { size: 500, perSecond: 10 }

/** Sources that have used up their guesses, and until when: a flood is answered without asking the database each time. */
const blockedUntil = new Map<string, number>()
const maxRemembered = 10_000

/** After a wrong key: the answer in place of 401, or null while 401 will do. */
export async function limitGuesses(c: Context<App>): Promise<Reply | null> {
  const source = sourceOf(clientAddress(c))
  const now = Date.now()
  const until = blockedUntil.get(source) ?? 0
  if (until > now) return tooMany((until - now) / 1000)
  const db = openDatabase(c.var.settings)
  const waitSeconds = await take(db, `guess/${source}`, guesses).catch(zeroWhileUnavailable)
  await db.close()
  if (waitSeconds === 0) return null
  if (blockedUntil.size >= maxRemembered) blockedUntil.clear()
  blockedUntil.set(source, now + waitSeconds * 1000)
  return tooMany(waitSeconds)
}

/** An IPv6 client has a whole /64 of addresses to itself. */
export function sourceOf(address: string | undefined): string {
  const bytes = address === undefined ? null : parseAddress(address)
  return bytes ? encodeBase64(bytes.length === 16 ? bytes.slice(0, 8) : bytes) : 'unknown'
}

/** Seconds to wait; 0 = a token was taken. */
async function take(
  db: Database,
  name: string,
  { size, perSecond }: { size: number; perSecond: number },
): Promise<number> {
  return (await takeToken(db.run, { name, size, perSecond })).waitSeconds
}

/** A wrong key stays wrong while nothing can be counted. */
function zeroWhileUnavailable(error: unknown): 0 {
  if (error instanceof DatabaseError) return 0
  throw error
}

function tooMany(waitSeconds: number): Reply {
  const seconds = Math.ceil(waitSeconds)
  return problem(429, `Too many requests: try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  })
}
