// What handlers return: JSON, written exactly, or now and then text.
import type { TypedResponse } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Json, writeJson } from './json.ts'

/** Fits every response a route declares: bodies are checked where rows become API objects, not a second time here. */
export type Reply = Response & TypedResponse<never, never, never>

export function reply(
  body: Json,
  status: ContentfulStatusCode = 200,
  headers: Record<string, string> = {},
): Reply {
  return new Response(writeJson(body), {
    status,
    headers: { 'content-type': 'application/json', ...always, ...headers },
  }) as Reply
}

/** What is not JSON. */
export function plainText(text: string, type: string): Reply {
  return new Response(text, { headers: { 'content-type': type, ...always } }) as Reply
}

/** Done, with nothing to show. */
export function noContent(): Reply {
  return new Response(null, { status: 204, headers: always }) as Reply
}

/** What an answer says may not be kept, and is nothing but what its content-type says: no browser may guess. */
const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
