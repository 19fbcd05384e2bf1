// A receiver that writes raw bytes, for answers that no HTTP server would give; over TCP, or TLS with a certificate.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { atEnd } from './cleanup.ts'

export interface RawReceiver {
  port: number
  /** The raw requests. */
  requests: string[]
  connections: Socket[]
}

/** Called once for each complete request, with its number on that connection (from 1). */
export type RawRespond = (socket: Socket, nth: number) => void

export interface RawReceiverOptions {
  host?: string
  port?: number
  tls?: TlsOptions
  /** Called with each connection before any data. */
  onConnect?: (socket: Socket) => unknown
}

export async function startRawReceiver(
  respond: RawRespond,
  { host = '127.0.0.1', port = 0, tls, onConnect }: RawReceiverOptions = {},
): Promise<RawReceiver> {
  const requests: string[] = []
  const connections: Socket[] = []
  const serve = (socket: Socket) => {
    let nth = 0
    socket.on('error', () => {}) // the other side may leave at any time
    readRequests(socket, request => {
      requests.push(request)
      respond(socket, ++nth)
    })
  }
  const server = tls ? createTlsServer(tls, serve) : createServer(serve)
  server.on('connection', (socket: Socket) => {
    connections.push(socket.on('error', () => {}))
    onConnect?.(socket)
  })
  server.listen(port, host)
  await once(server, 'listening')
  atEnd(async () => {
    for (const socket of connections) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { port: (server.address() as AddressInfo).port, requests, connections }
}

function readRequests(socket: Socket, onRequest: (request: string) => void) {
  let text = ''
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk
    for (;;) {
      const headEnd = text.indexOf('\r\n\r\n') + 4
      const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? 0)
      if (headEnd < 4 || text.length < headEnd + length) return
      onRequest(text.slice(0, headEnd + length))
      text = text.slice(headEnd + length)
    }
  })
}

export const ok = (body = 'ok', headers = '') =>
  `HTTP/1.1 200 OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
