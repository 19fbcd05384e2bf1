// Frameworks that parse JSON before a handler runs: what keeps the bytes for verify() beside the parsed body.

interface WithRawBody {
  rawBody?: unknown
}

/** `app.use(express.json({ verify: keepRawBody }))`. Where a route has express.raw() it is not needed. */
export function keepRawBody(request: object, _response: unknown, bytes: Uint8Array): void {
  ;(request as WithRawBody).rawBody = bytes
}

type Done = (error: Error | null, body?: unknown) => void
type Parse = (request: never, body: string, done: Done) => void

/** The part of a Fastify instance that is needed. */
export interface FastifyScope {
  getDefaultJsonParser(onProto: 'error', onConstructor: 'error'): unknown
  addContentTypeParser(
    type: string,
    options: { parseAs: 'buffer' },
    parser: (request: object, body: Uint8Array & { toString(encoding: 'utf8'): string }, done: Done) => void,
  ): unknown
}

/** `keepRawBodiesIn(fastify)` before the routes: in this scope JSON is parsed as ever, and verify() finds its bytes. */
export function keepRawBodiesIn(fastify: FastifyScope): void {
  const parse = fastify.getDefaultJsonParser('error', 'error') as Parse
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    keepRawBody(request, null, bytes)
    parse(request as never, bytes.toString('utf8'), done)
  })
}
