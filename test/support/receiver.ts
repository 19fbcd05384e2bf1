// A real webhook receiver: records every request exactly, and answers as the test decides.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { atEnd } from './cleanup.ts'
import { eventually } from './eventually.ts'

export interface Received {
  method: string
  path: string
  headers: IncomingHttpHeaders
  /** The exact bytes. */
  body: Buffer
  /** When the body was complete: Unix time in milliseconds. */
  at: number
  /** The number of requests with this webhook-id so far, including this one. */
  nth: number
}

/** Answers one request: returns a status, or writes to the response or its socket itself. */
export type Respond = (received: Received, response: ServerResponse, request: IncomingMessage) => unknown

export interface Receiver {
  url: string
  requests: Received[]
  /** Resolves with the first n requests as soon as they have come. */
  waitFor(n: number, options?: { timeoutMs?: number }): Promise<Received[]>
  stop(): Promise<void>
}

const ok: Respond = () => 200

export async function startReceiver(respond: Respond = ok, { port = 0 } = {}): Promise<Receiver> {
  const requests: Received[] = []
  const seen = new Map<string, number>()
  const server = createServer(async (request, response) => {
    const received = await record(request, seen).catch(() => null)
    if (!received) return // the sender hung up in the middle of its request
    requests.push(received)
    const status = await respond(received, response, request)
    if (typeof status === 'number') response.writeHead(status).end()
  })
  // Only the test limits the time that a receiver takes.
  server.requestTimeout = 0
  server.headersTimeout = 0
  // A sender opens thousands of connections at once. Those that the queue does not hold try again seconds later.
  server.listen({ port, host: '127.0.0.1', backlog: 4_096 })
  await once(server, 'listening')
  const stop = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  atEnd(stop)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    waitFor: (n, options) => eventually(() => requests.length >= n && requests.slice(0, n), options),
    stop,
  }
}

async function record(request: IncomingMessage, seen: Map<string, number>): Promise<Received> {
  const body = await buffer(request)
  const id = String(request.headers['webhook-id'] ?? '')
  const nth = (seen.get(id) ?? 0) + 1
  seen.set(id, nth)
  return { method: request.method!, path: request.url!, headers: request.headers, body, at: Date.now(), nth }
}
