// Counts the statements that the functions send: each is one request to the proxy that answers SQL over HTTP.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inject } from 'vitest'
import { atEnd } from '../support/cleanup.ts'

export interface RoundTrips {
  /** For NEON_PROXY. */
  readonly url: string
  /** Since the last time. */
  taken(): number
}

export async function countRoundTrips(): Promise<RoundTrips> {
  let seen = 0
  const server = createServer((asked, answer) => {
    seen++
    const { method, headers } = asked
    const onwards = request(new URL(asked.url!, inject('proxyUrl')).href, { method, headers }, found => {
      answer.writeHead(found.statusCode!, found.headers)
      found.pipe(answer)
    })
    onwards.on('error', () => answer.destroy())
    asked.pipe(onwards)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(async () => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken() {
      const taken = seen
      seen = 0
      return taken
    },
  }
}
