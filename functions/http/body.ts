// Request bodies: JSON of bounded size, valid UTF-8, parsed exactly.
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { parseJson } from './json.ts'
import { problem } from './problem.ts'

export const limitBody = (maxKilobytes: number) =>
  bodyLimit({
    maxSize: maxKilobytes * 1024,
    onError: () => problem(413, `A request body may have at most ${maxKilobytes} KiB.`),
  })

export const readJson: MiddlewareHandler = async (c, next) => {
  const body = await c.req.bytes()
  const mediaType = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (body.length > 0 && mediaType !== 'application/json') {
    return problem(415, 'The body must be JSON: send it with content-type: application/json.')
  }
  // The validators read the body here; Hono's own would silently round large numbers and replace broken UTF-8.
  c.req.json = async () => parseJson(decodeUtf8(body)) as never
  await next()
}

export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
}
