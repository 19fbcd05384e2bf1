// How the listener sends: undici behind the egress guard. No redirects, no retries, no decompression.
import { Agent, type buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { FailureKind } from '../../delivery/failures.ts'
import { type Response, SendError, type Transport } from '../../delivery/send.ts'
import { checkEndpointUrl, type EgressPolicy } from '../../delivery/url.ts'
import { areReachable, guardedConnector, isExhaustion } from './egress.ts'
import { skipInterimResponses } from './interim-responses.ts'
import { createResolve, type Resolve } from './resolve.ts'

/** More of a response's body than this is not read. */
const maxBodyBytes = 65_536
const maxHeaderBytes = 16_384
/** How long an idle connection is kept, and the maximum if the receiver offers more. */
const keepAliveMs = 4000
const maxKeepAliveMs = 10_000

const clientOptions = {
  allowH2: false,
  pipelining: 1,
  maxHeaderSize: maxHeaderBytes,
  keepAliveTimeout: keepAliveMs,
  keepAliveMaxTimeout: maxKeepAliveMs,
  // The signal covers the whole request, so these timers are not needed.
  headersTimeout: 0,
  bodyTimeout: 0,
}

/**
 * The caller decides how many connections there are to one origin: one for each request under way. Closing interrupts those
 * requests, so the caller first waits for the ones that should finish.
 *
 * With an egress proxy every request is tunnelled through it (CONNECT), plain HTTP too. The proxy then resolves the name
 * and dials, and must itself refuse what it may not reach. What this policy forbids is refused before the proxy is asked.
 */
export function createTransport(
  policy: EgressPolicy,
  resolve: Resolve = createResolve(),
  egressProxy: string | null = null,
): { send: Transport; close(): Promise<void> } {
  const agent =
    egressProxy === null
      ? new Agent({ ...clientOptions, connect: guardedConnector(policy.privateNetworks, resolve) })
      : new ProxyAgent({ ...clientOptions, uri: egressProxy, proxyTunnel: true, factory: tunnelPool })
  const check = remembering((url: string) => checkEndpointUrl(url, policy))
  const send: Transport = async (request, signal) => {
    // Checked again after the API: the row may have been edited by hand.
    const checked = check(request.url)
    if (!checked.ok) throw new SendError(checked.error)
    const { origin, hostname, pathname, search } = checked.url
    if (egressProxy !== null) await refuseUnreachable(hostname)
    const headers = { ...request.headers, 'accept-encoding': 'identity' }
    return new Promise((answer, fail) => {
      const options = {
        origin,
        path: pathname + search,
        method: 'POST' as const,
        headers,
        body: request.body,
      }
      agent.dispatch(options, new Exchange(signal, answer, fail))
    })
  }
  const refuseUnreachable = async (hostname: string) => {
    const addresses = await resolve(hostname).catch(() => [])
    if (!areReachable(addresses, policy.privateNetworks)) throw new SendError('blocked_address')
  }
  return { send, close: () => agent.destroy() }
}

/** Connections through the proxy are made by ProxyAgent itself. */
function tunnelPool(origin: string | URL, options: Pool.Options): Pool {
  const connect = options.connect as buildConnector.connector
  return new Pool(String(origin), {
    ...options,
    connect(target, callback) {
      connect(target, (...[error, socket]) =>
        error ? callback(error, null) : callback(null, skipInterimResponses(socket)),
      )
    },
  })
}

/** Remembers results, so that the URLs of busy endpoints are not parsed for each request. Forgets all when there are too many. */
function remembering<Result>(find: (key: string) => Result): (key: string) => Result {
  const found = new Map<string, Result>()
  return key => {
    let result = found.get(key)
    if (result === undefined) {
      if (found.size >= maxRemembered) found.clear()
      result = find(key)
      found.set(key, result)
    }
    return result
  }
}
const maxRemembered = 20_000

/**
 * One request and its response. Once the status is known, it is the answer, even if the body then breaks off, drips until the
 * deadline, or never ends.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal
  readonly #answer: (response: Response) => void
  readonly #fail: (error: SendError) => void
  #controller: Dispatcher.DispatchController | null = null
  #head: Omit<Response, 'body'> | null = null
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(signal: AbortSignal, answer: (response: Response) => void, fail: (error: SendError) => void) {
    this.#signal = signal
    this.#answer = answer
    this.#fail = fail
    // undici does not tell a request about an abort while it waits for its connection, so this listens itself.
    signal.addEventListener('abort', this.#onAbort)
    if (signal.aborted) this.#onAbort()
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.#controller = controller
    if (this.#signal.aborted) controller.abort(this.#signal.reason)
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>) {
    if (status < 200) return // no status of a final response: it will fail (interim responses never get here)
    const header = (name: string) => (headers[name] === undefined ? null : String(headers[name]))
    this.#head = { status, retryAfter: header('retry-after'), date: header('date') }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    // Closes the connection: the rest of the body is not read.
    if (this.#bytes >= maxBodyBytes) controller.abort(new Error('enough'))
  }

  /** One turn of the event loop later undici has the connection back, so that the next request does not open another. */
  onResponseEnd() {
    queueMicrotask(() => setImmediate(() => this.#finish('bad_response')))
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error) {
    this.#finish(failureKind(error))
  }

  readonly #onAbort = () => {
    this.#finish(this.#signal.reason?.name === 'TimeoutError' ? 'timeout' : 'interrupted')
    this.#controller?.abort(this.#signal.reason)
  }

  /** Only the first call counts: a promise settles once. */
  #finish(kindWithoutStatus: FailureKind) {
    this.#signal.removeEventListener('abort', this.#onAbort)
    if (!this.#head) return this.#fail(new SendError(kindWithoutStatus))
    this.#answer({ ...this.#head, body: Buffer.concat(this.#chunks).subarray(0, maxBodyBytes) })
  }
}

/** For errors after connecting. Without a response the connection failed; an unreadable response is the receiver's fault. */
function failureKind(error: Error & { code?: string }): FailureKind {
  if (error instanceof SendError) return error.kind
  if (isExhaustion(error)) return 'exhausted' // undici loads its parser on first use, from a file
  if (error.name === 'HTTPParserError' || unreadable.has(error.code ?? '')) return 'bad_response'
  if (error.message === 'bad response' || error.message === 'bad upgrade') return 'bad_response'
  if (error.code === 'UND_ERR_INVALID_ARG') return 'invalid_endpoint'
  return error.code === 'UND_ERR_CLOSED' || error.code === 'UND_ERR_DESTROYED' ? 'interrupted' : 'connection'
}
const unreadable = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])
