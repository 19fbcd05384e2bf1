// How undici is set up for one connection: straight to the receiver, or through an operator's proxy.
import { type buildConnector, Client, ProxyAgent } from 'undici'
import type { OpenClient } from './connections.ts'
import { skipInterimResponses } from './interim-responses.ts'

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
  // The deadline covers the whole request, so these timers are not needed.
  headersTimeout: 0,
  bodyTimeout: 0,
}

/** Through this connector, which is the egress guard. */
export function directClient(connect: buildConnector.connector): OpenClient {
  return (origin, watch) => {
    const client = new Client(origin, { ...clientOptions, connect })
    watch(client)
    return client
  }
}

/** Through a tunnel (CONNECT), plain HTTP too. ProxyAgent makes the connection by itself. */
export function tunnelledClient(proxy: string): OpenClient {
  return (_, watch) =>
    new ProxyAgent({
      ...clientOptions,
      uri: proxy,
      proxyTunnel: true,
      factory(origin: string | URL, options: Client.Options) {
        const connect = options.connect as buildConnector.connector
        const client = new Client(String(origin), {
          ...options,
          connect(target, callback) {
            connect(target, (...[error, socket]) =>
              error ? callback(error, null) : callback(null, skipInterimResponses(socket)),
            )
          },
        })
        watch(client)
        return client
      },
    })
}
