// Request bodies: JSON of bounded size, valid UTF-8, parsed exactly.
import type { HonoRequest, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { parseJson } from './json.ts'
import { problem } from './problem.ts'

export function limitBody(maxKilobytes: number): MiddlewareHandler {
  const maxSize = maxKilobytes * 1024
  const limit = bodyLimit({
    maxSize,
    onError: () => problem(413, `A request body may have at most ${maxKilobytes} KiB.`),
  })
  return (c, next) => (announcedLength(c.req) <= maxSize ? next() : limit(c, next))
}

/** Hono would first ask for the body as a stream, and on Node make one that nobody reads. NaN: the length is not known. */
function announcedLength(request: HonoRequest): number {
  const isInPieces = request.header('transfer-encoding') !== undefined
  return isInPieces ? Number.NaN : Number.parseInt(request.header('content-length') ?? '', 10)
}

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
