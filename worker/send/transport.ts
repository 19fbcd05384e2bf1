// How the listener sends: undici behind the egress guard. No redirects, no retries, no decompression. A request passes here
// twice, on its way out (`send`) and on its way back (`#handOver`). In between undici reports to its Exchange.
import { type Response, SendError, type SignedRequest } from '../../delivery/send.ts'
import { checkEndpointUrl, type EgressPolicy } from '../../delivery/url.ts'
import { directClient, tunnelledClient } from './clients.ts'
import { Connections, type OpenClient } from './connections.ts'
import { Deadlines } from './deadlines.ts'
import { areReachable, guardedConnector } from './egress.ts'
import { Exchange } from './exchange.ts'
import { createResolve, type Resolve } from './resolve.ts'

/** Where a request goes, taken from the URL once. */
interface Target {
  readonly origin: string
  readonly hostname: string
  readonly path: string
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
): UndiciTransport {
  const isReachable = async (hostname: string) =>
    areReachable(await resolve(hostname).catch(() => []), policy.privateNetworks)
  const targetOf = remembering((url: string) => readTarget(url, policy))
  return egressProxy === null
    ? new UndiciTransport(targetOf, directClient(guardedConnector(policy.privateNetworks, resolve)), null)
    : new UndiciTransport(targetOf, tunnelledClient(egressProxy), isReachable)
}

export class UndiciTransport {
  readonly #targetOf: (url: string) => Target | SendError
  /** null = the connector checks what it dials. */
  readonly #isReachable: ((hostname: string) => Promise<boolean>) | null
  readonly #connections: Connections
  readonly #deadlines = new Deadlines(clock)
  #over: Exchange[] = []
  #isClosed = false

  constructor(
    targetOf: (url: string) => Target | SendError,
    open: OpenClient,
    isReachable: ((hostname: string) => Promise<boolean>) | null,
  ) {
    this.#targetOf = targetOf
    this.#connections = new Connections(open)
    this.#isReachable = isReachable
  }

  /** A Send that has a kind for every error. */
  readonly send = (
    request: SignedRequest,
    timeoutSeconds: number,
    onSeen: (seen: Response | SendError) => void,
  ): void => {
    const limitMs = timeoutSeconds * 1000
    const exchange = new Exchange({ limitMs, deadline: clock() + limitMs }, onSeen, this.#onOver)
    this.#deadlines.add(exchange)
    // Checked again after the API: the row may have been edited by hand.
    const target = this.#targetOf(request.url)
    if (target instanceof SendError) exchange.fail(target.kind)
    else if (this.#isClosed) exchange.fail('interrupted')
    else if (this.#isReachable === null) this.#start(exchange, target, request)
    else void this.#startIfReachable(this.#isReachable, exchange, target, request)
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true
    await this.#connections.close()
  }

  async #startIfReachable(
    isReachable: (hostname: string) => Promise<boolean>,
    exchange: Exchange,
    target: Target,
    request: SignedRequest,
  ): Promise<void> {
    const reachable = await isReachable(target.hostname)
    if (exchange.seen !== null) return // its time is over
    if (this.#isClosed) exchange.fail('interrupted')
    else if (reachable) this.#start(exchange, target, request)
    else exchange.fail('blocked_address')
  }

  #start(exchange: Exchange, { origin, path }: Target, { headers, body }: SignedRequest): void {
    const options = {
      origin,
      path,
      method: 'POST' as const,
      headers: [...headers, 'accept-encoding', 'identity'],
      body,
      // Nothing is pipelined, so there is nothing to hold up until the response begins.
      blocking: false,
    }
    try {
      exchange.connection = this.#connections.take(origin)
      exchange.connection.dispatcher.dispatch(options, exchange)
    } catch (error) {
      exchange.failWith(error as Error)
    }
  }

  /** Handed over in a later phase of the event loop: by then undici is done with it, and nobody is called back too early. */
  readonly #onOver = (exchange: Exchange): void => {
    this.#deadlines.delete(exchange)
    if (this.#over.push(exchange) === 1) setImmediate(this.#handOverAll)
  }

  readonly #handOverAll = (): void => {
    const all = this.#over
    this.#over = []
    for (const exchange of all) this.#handOver(exchange)
  }

  #handOver({ connection, isComplete, seen, onSeen }: Exchange): void {
    if (connection !== null && isComplete) this.#connections.release(connection)
    else if (connection !== null) this.#connections.drop(connection)
    onSeen(seen!)
  }
}

const clock = () => performance.now()

function readTarget(url: string, policy: EgressPolicy): Target | SendError {
  const checked = checkEndpointUrl(url, policy)
  if (!checked.ok) return new SendError(checked.error)
  const { origin, hostname, pathname, search } = checked.url
  return { origin, hostname, path: pathname + search }
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
