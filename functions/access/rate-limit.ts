// Who asks for too much is answered 429 with Retry-After. Token buckets in Postgres, one statement for each token.
// Cloudflare's own rate-limiting binding would cost no round trip, but counts for each of its locations apart, knows only
// periods of 10 and 60 seconds and no Retry-After; and Postgres is the only thing that holds state here. The routes that
// are limited are rare and do far more in the database than take a token.
import type { Context, MiddlewareHandler } from 'hono'
import { parseAddress } from '../../delivery/address.ts'
import { encodeBase64 } from '../../delivery/base64.ts'
import { takeToken } from '../../drizzle/queries.gen.ts'
import { type Database, DatabaseError } from '../db.ts'
import { problem } from '../http/problem.ts'
import type { Reply } from '../http/reply.ts'
import type { App } from '../settings.ts'

/** Full after `size / perSecond` seconds, which must be less than the hour after which take_token.sql forgets it. */
interface Bucket {
  readonly size: number
  readonly perSecond: number
}

/** Each of these makes requests to receivers or walks the whole history. Per API key. */
const expensive: { name: string; path: RegExp; bucket: Bucket }[] = [
  { name: 'test', path: /^\/v1\/endpoints\/[^/]+\/test$/, bucket: { size: 60, perSecond: 1 } },
  { name: 'replay', path: /^\/v1\/endpoints\/[^/]+\/replay$/, bucket: { size: 30, perSecond: 0.5 } },
  { name: 'redeliver', path: /^\/v1\/deliveries\/[^/]+\/redeliver$/, bucket: { size: 300, perSecond: 10 } },
]

export const limitExpensive: MiddlewareHandler<App> = async (c, next) => {
  const route = c.req.method === 'POST' && expensive.find(({ path }) => path.test(c.req.path))
  if (!route) return next()
  const waitSeconds = await take(c.var.db, `${route.name}/${c.var.apiKey?.name}`, route.bucket)
  return waitSeconds > 0 ? tooMany(waitSeconds) : next()
}

/** Wrong keys that one source may try. Right ones are never countsAsAttempt, so nobody can lock others out by guessing. */
const guesses: Bucket = { size: 500, perSecond: 10 }

/** Sources that have used up their guesses, and until when: a flood is answered without asking the database each time. */
const shut = new Map<string, number>()
const maxRemembered = 10_000

/** After a wrong key: what to answer in place of 401, or null while that will do. */
export async function limitGuesses(c: Context<App>): Promise<Reply | null> {
  const source = sourceOf(c.req.header('cf-connecting-ip'))
  const now = Date.now()
  const shutUntil = shut.get(source) ?? 0
  if (shutUntil > now) return tooMany((shutUntil - now) / 1000)
  const waitSeconds = await take(c.var.db, `guess/${source}`, guesses).catch(openWhileAway)
  if (waitSeconds === 0) return null
  if (shut.size >= maxRemembered) shut.clear()
  shut.set(source, now + waitSeconds * 1000)
  return tooMany(waitSeconds)
}

/** Cloudflare writes this header, whatever the client sends. Whoever has an IPv6 address has a whole /64 of them. */
export function sourceOf(address: string | undefined): string {
  const bytes = address === undefined ? null : parseAddress(address)
  return bytes ? encodeBase64(bytes.length === 16 ? bytes.slice(0, 8) : bytes) : 'unknown'
}

async function take(db: Database, name: string, { size, perSecond }: Bucket): Promise<number> {
  return (await takeToken(db.run, { name, size, perSecond })).waitSeconds
}

/** A wrong key is wrong also when nobody can count it. */
function openWhileAway(error: unknown): 0 {
  if (error instanceof DatabaseError) return 0
  throw error
}

function tooMany(waitSeconds: number): Reply {
  const seconds = Math.ceil(waitSeconds)
  return problem(429, `Too many requests: try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  })
}
