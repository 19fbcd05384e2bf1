// The API, as commands call it. What it refuses becomes an exit code and its own sentence. Every change carries an
// Idempotency-Key, so that asking again after an answer was lost does nothing twice.
import { setTimeout as sleep } from 'node:timers/promises'
import { version } from '../../delivery/version.ts'
import { parseJson } from '../../functions/http/json.ts'
import { CommandError, type ExitCode, exitCodes } from '../exit.ts'
import { keepsNumbers } from '../output.ts'

export type Query = Readonly<Record<string, string | number | undefined>>

/** Sends one request, to a server or to the app in this process. */
export type Transport = (request: Request) => Promise<Response>

export interface ClientOptions {
  /** Where paths begin. */
  readonly baseUrl: string
  readonly key: string | null
  readonly transport: Transport
  /** For --verbose: one line for each request, without headers. */
  readonly trace: (line: string) => void
  /** False where nobody waits for it. Default: true. */
  readonly retries?: boolean
}

const timeoutMs = 20_000
/** Twice as long as the server keeps a tail open. */
const maxStreamMs = 40_000
/** Waits before the second and the third try. */
const retryWaitsMs = [300, 1_500]
const maxRetryAfterSeconds = 10
const pageSize = 200

export class ApiClient {
  readonly #options: ClientOptions
  constructor(options: ClientOptions) {
    this.#options = options
  }

  get baseUrl(): string {
    return this.#options.baseUrl
  }

  /** The same API, called by somebody else. */
  withKey(key: string): ApiClient {
    return new ApiClient({ ...this.#options, key })
  }

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.#send('GET', path, { query })) as T
  }

  async post<T>(path: string, body: unknown = undefined): Promise<T> {
    return (await this.#send('POST', path, { body, isRepeatable: true })) as T
  }

  /** Without an Idempotency-Key, and once: whoever calls it knows what to do when no answer comes. */
  async postOnce<T>(path: string, body: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
    return (await this.#send('POST', path, { body, ...(signal && { signal }) })) as T
  }

  async patch<T>(path: string, body: unknown): Promise<T> {
    return (await this.#send('PATCH', path, { body, isRepeatable: true })) as T
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path, {})
  }

  /** The rows of a list, newest first, page after page. */
  async *list<Row>(path: string, query: Query, limit: number): AsyncGenerator<Row> {
    let cursor: string | undefined
    for (let left = limit; left > 0; ) {
      const page = await this.get<{ data: Row[]; next_cursor: string | null }>(path, {
        ...query,
        limit: Math.min(left, pageSize),
        cursor,
      })
      yield* page.data
      left -= page.data.length
      if (page.next_cursor === null) return
      cursor = page.next_cursor
    }
  }

  async all<Row>(path: string, query: Query, limit: number): Promise<Row[]> {
    const rows: Row[] = []
    for await (const row of this.list<Row>(path, query, limit)) rows.push(row)
    return rows
  }

  /** How far this clock is ahead of the server's; null = it does not say. */
  async clockSkewSeconds(): Promise<number | null> {
    const response = await this.#fetch(this.#request('GET', '/healthz', {}))
    await response.body?.cancel()
    const date = Date.parse(response.headers.get('date') ?? '')
    return Number.isNaN(date) ? null : Math.round((Date.now() - date) / 1000)
  }

  /** An answer as it comes: a tail. One that is not over by then has fallen silent. */
  async stream(path: string, query: Query, headers: Readonly<Record<string, string>>): Promise<Response> {
    const response = await this.#fetch(this.#request('GET', path, { query, headers, maxMs: maxStreamMs }))
    if (!response.ok) throw await refusal(response)
    return response
  }

  async #send(method: string, path: string, options: Sending): Promise<unknown> {
    const headers: Record<string, string> = options.isRepeatable
      ? { 'idempotency-key': crypto.randomUUID() }
      : {}
    const mayRepeat = this.#options.retries !== false && (method === 'GET' || options.isRepeatable)
    for (let tries = 0; ; tries++) {
      const response = await this.#fetch(this.#request(method, path, { ...options, headers })).catch(
        (error: CommandError) => error,
      )
      const waitMs = mayRepeat ? retryWaitsMs[tries] : undefined
      if (response instanceof Error) {
        if (waitMs === undefined) throw response
        await sleep(waitMs)
      } else if (response.ok) {
        return read(response)
      } else if (waitMs !== undefined && (response.status >= 500 || response.status === 429)) {
        await response.body?.cancel()
        await sleep(pauseMs(response, waitMs))
      } else throw await refusal(response)
    }
  }

  #request(
    method: string,
    path: string,
    { query = {}, body, headers = {}, maxMs = timeoutMs, signal }: Sending,
  ): Request {
    const url = new URL(this.#options.baseUrl + path)
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    const { key } = this.#options
    return new Request(url, {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': `outbox-cli/${version}`,
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.any([AbortSignal.timeout(maxMs), ...(signal ? [signal] : [])]),
    })
  }

  async #fetch(request: Request): Promise<Response> {
    const { trace, transport, baseUrl } = this.#options
    const begun = performance.now()
    const { pathname, search } = new URL(request.url)
    try {
      const response = await transport(request)
      const id = response.headers.get('x-request-id') ?? '-'
      trace(
        `${request.method} ${pathname}${search} ${response.status} in ${Math.round(performance.now() - begun)} ms, request ${id}`,
      )
      return response
    } catch (error) {
      if (error instanceof CommandError) throw error
      const reason = networkReason(error)
      trace(`${request.method} ${pathname} failed: ${reason}`)
      throw new CommandError(exitCodes.unreachable, `The outbox at ${baseUrl} cannot be reached: ${reason}.`)
    }
  }
}

interface Sending {
  readonly query?: Query
  /** Text is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly isRepeatable?: boolean
  /** Default: `timeoutMs`. */
  readonly maxMs?: number
  /** Ends it before its answer has come. */
  readonly signal?: AbortSignal
}

const parse = keepsNumbers ? parseJson : (text: string): unknown => JSON.parse(text)

async function read(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  if (!/[/+]json\b/.test(response.headers.get('content-type') ?? '')) throw notAnOutbox()
  return parse(text)
}

const notAnOutbox = () =>
  new CommandError(
    exitCodes.unreachable,
    'What answers there is no outbox: its answer is not JSON. Check the address.',
  )

function pauseMs({ headers }: Response, otherwiseMs: number): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return seconds > 0 ? Math.min(seconds, maxRetryAfterSeconds) * 1000 : otherwiseMs
}

async function refusal(response: Response): Promise<CommandError> {
  const text = await response.text()
  const problem = problemOf(text)
  const code = exitCodeOf(response.status)
  if (problem === null) {
    if (response.status === 404) return notAnOutbox()
    return new CommandError(code, `The outbox answered ${response.status}.`)
  }
  const { detail, errors = [] } = problem
  const more = errors.slice(1).map(({ path, message }) => `${path} ${message}.`)
  const hint = response.status === 401 ? ['Set OUTBOX_API_KEY, or run outbox login.'] : []
  return new CommandError(code, [detail, ...more, ...hint].join('\n'), problem)
}

interface Problem {
  readonly detail: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

function problemOf(text: string): Problem | null {
  try {
    const problem = JSON.parse(text)
    return typeof problem.detail === 'string' ? problem : null
  } catch {
    return null
  }
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return exitCodes.notAllowed
  if (status === 404) return exitCodes.notFound
  if (status === 409 || status === 422 || status === 429) return exitCodes.refused
  return status >= 500 ? exitCodes.unreachable : exitCodes.usage
}

function networkReason(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  if (name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  const known: Record<string, string> = {
    ECONNREFUSED: 'nothing accepts connections there',
    ENOTFOUND: 'there is no such host',
    ECONNRESET: 'the connection was cut',
    CERT_HAS_EXPIRED: 'its certificate has expired',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  }
  const code = cause?.code ?? ''
  return known[code] ?? (code || cause?.message || message)
}
