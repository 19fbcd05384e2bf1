// How the listener sends: undici behind the egress guard. No redirects, no retries, no decompression. A request passes here
// twice, on its way out (`send`) and on its way back (`handOver`). In between undici reports to its Exchange.
import { type Response, SendError, type SignedRequest } from '../../delivery/send.ts'
import { checkEndpointUrl, type EgressPolicy } from '../../delivery/url.ts'
import { directClient, tunnelledClient } from './clients.ts'
import { Connections } from './connections.ts'
import { Deadlines } from './deadlines.ts'
import { areReachable, guardedConnector } from './egress.ts'
import { Exchange } from './exchange.ts'
import { createResolve, type Resolve } from './resolve.ts'

export interface UndiciTransport {
  /** A Send that has a kind for every error. */
  readonly send: (
    request: SignedRequest,
    timeoutSeconds: number,
    onSeen: (seen: Response | SendError) => void,
  ) => void
  close(): Promise<void>
}

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
  const clock = () => performance.now()
  const deadlines = new Deadlines(clock)
  const connections = new Connections(
    egressProxy === null
      ? directClient(guardedConnector(policy.privateNetworks, resolve))
      : tunnelledClient(egressProxy),
  )
  const targetOf = remembering((url: string) => readTarget(url, policy))
  let isClosed = false

  const send: UndiciTransport['send'] = (request, timeoutSeconds, onSeen) => {
    const limitMs = timeoutSeconds * 1000
    const exchange = new Exchange({ limitMs, deadline: clock() + limitMs }, onSeen, onOver)
    deadlines.add(exchange)
    // Checked again after the API: the row may have been edited by hand.
    const target = targetOf(request.url)
    if (target instanceof SendError) exchange.fail(target.kind)
    else if (egressProxy === null) start(exchange, target, request)
    else void startIfReachable(exchange, target, request)
  }

  const start = (exchange: Exchange, { origin, path }: Target, { headers, body }: SignedRequest) => {
    if (isClosed) return exchange.fail('interrupted')
    try {
      exchange.connection = connections.take(origin)
      const all = [...headers, 'accept-encoding', 'identity']
      exchange.connection.dispatcher.dispatch({ origin, path, method: 'POST', headers: all, body }, exchange)
    } catch (error) {
      exchange.failWith(error as Error)
    }
  }

  const startIfReachable = async (exchange: Exchange, target: Target, request: SignedRequest) => {
    const addresses = await resolve(target.hostname).catch(() => [])
    if (exchange.seen !== null) return // its time is over
    if (areReachable(addresses, policy.privateNetworks)) start(exchange, target, request)
    else exchange.fail('blocked_address')
  }

  const onOver = (exchange: Exchange) => {
    deadlines.delete(exchange)
    if (over.push(exchange) === 1) setImmediate(handOverAll)
  }
  /** Handed over in the next phase of the event loop: by then undici is done with them, and nobody is called back too early. */
  let over: Exchange[] = []
  const handOverAll = () => {
    const all = over
    over = []
    for (const exchange of all) handOver(exchange)
  }
  const handOver = ({ connection, isComplete, seen, onSeen }: Exchange) => {
    if (connection !== null && isComplete) connections.release(connection)
    else if (connection !== null) connections.drop(connection)
    onSeen(seen!)
  }

  return {
    send,
    async close() {
      isClosed = true
      await connections.close()
    },
  }
}

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
