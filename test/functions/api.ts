// The API as a client sees it, on a database of its own.
import { parseJson } from '../../functions/http/json.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { startWorker, type TestWorker } from '../support/worker.ts'

export interface Answer {
  status: number
  headers: { get(name: string): string | null }
  /** The exact text. */
  text: string
  /** Parsed exactly: a large whole number is a bigint. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by looking
  body: any
}

export interface Call {
  /** Sent as it is when it is text or bytes, else as JSON. */
  body?: unknown
  headers?: Record<string, string>
  key?: string
}

/** `start` puts the functions somewhere else than into workerd, or gives them bindings. */
export async function startApi(
  env: Record<string, string> = {},
  start: (env: Record<string, string>, database: TestDatabase) => Promise<TestWorker> = env =>
    startWorker(env),
) {
  const database = await freshDatabase()
  const db = await database.connect()
  const worker = await start({ ...database.env, ...env }, database)

  async function call(
    method: string,
    path: string,
    { body, headers, key = 'dev' }: Call = {},
  ): Promise<Answer> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const response = await worker.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson(response) ? parseJson(text) : text,
    }
  }

  return {
    database,
    db,
    worker,
    call,
    get: (path: string, options?: Call) => call('GET', path, options),
    post: (path: string, body: unknown, options?: Call) => call('POST', path, { body, ...options }),
    patch: (path: string, body: unknown, options?: Call) => call('PATCH', path, { body, ...options }),
  }
}

/** A tail ends at once instead of after its 20 seconds, unless the path says how long. */
export const withoutWaiting = (path: string) =>
  /\/tail(\?|$)/.test(path) && !path.includes('wait_seconds')
    ? `${path}${path.includes('?') ? '&' : '?'}wait_seconds=0`
    : path

const isJson = ({ headers }: { headers: { get(name: string): string | null } }) =>
  /[/+]json\b/.test(headers.get('content-type') ?? '')

export type Api = Awaited<ReturnType<typeof startApi>>
