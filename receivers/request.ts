// What verify() takes: the request as each runtime and framework has it. The bytes of its body must be those that arrived.

/**
 * A web-standard Request (Workers, Deno, Bun, Next.js, Hono's `c.req.raw`), or the request of node:http, Express or Fastify.
 * By hand: `{ headers, body }`, with the body as bytes or as the text that arrived.
 */
export interface IncomingWebhook {
  readonly headers: HeaderReader | Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
  /** Where a parser has replaced the body: the bytes, as keepRawBody, NestJS and Cloud Functions leave them. */
  readonly rawBody?: unknown
  /** Of a Request. */
  arrayBuffer?(): Promise<ArrayBuffer>
  /** Of node:http, whose body nobody has read yet. */
  [Symbol.asyncIterator]?(): AsyncIterator<Uint8Array>
}

export interface HeaderReader {
  get(name: string): string | null
}

export function headersOf({ headers }: IncomingWebhook): HeaderReader {
  if (isReader(headers)) return headers
  return { get: name => [headers[name] ?? inOtherCase(headers, name)].flat()[0] ?? null }
}

/** API gateways keep the sender's capitals. */
function inOtherCase(headers: Exclude<IncomingWebhook['headers'], HeaderReader>, name: string) {
  return Object.entries(headers).find(([other]) => other.toLowerCase() === name)?.[1]
}

function isReader(headers: IncomingWebhook['headers']): headers is HeaderReader {
  return typeof headers.get === 'function'
}

/** null when a parser or somebody else has taken the bytes. */
export async function bodyOf(request: IncomingWebhook): Promise<Uint8Array | null> {
  const kept = bytesOf(request.rawBody) ?? bytesOf(request.body)
  if (kept) return kept
  try {
    if (request.arrayBuffer) return new Uint8Array(await request.arrayBuffer())
    if (request.body == null && request[Symbol.asyncIterator])
      return await collected(request as AsyncIterable<Uint8Array>)
  } catch {
    // A body that was read before, or a client that hung up in the middle of it.
  }
  return null
}

function bytesOf(body: unknown): Uint8Array | null {
  if (typeof body === 'string') return new TextEncoder().encode(body)
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  return body instanceof Uint8Array ? body : null
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array<ArrayBuffer>[] = []
  for await (const chunk of chunks) all.push(new Uint8Array(chunk))
  return new Uint8Array(await new Blob(all).arrayBuffer())
}
