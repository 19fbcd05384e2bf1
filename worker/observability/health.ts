// The container's health: /livez (the process turns), /readyz (it can do its work, else the reason), /metrics.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HealthPorts {
  /** Why this listener cannot work at the moment; null = it can. */
  readonly trouble: () => string | null
  readonly exposition: () => Promise<string>
}

export async function serveHealth(port: number, { trouble, exposition }: HealthPorts) {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(body)
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'only GET is answered here\n')
    if (path === '/livez') return answer(200, 'alive\n')
    if (path === '/readyz') {
      const reason = trouble()
      return reason === null ? answer(200, 'ready\n') : answer(503, `${reason}\n`)
    }
    if (path === '/metrics')
      return answer(200, await exposition(), 'text/plain; version=0.0.4; charset=utf-8')
    return answer(404, 'expected /livez, /readyz or /metrics\n')
  })
  server.listen(port)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
