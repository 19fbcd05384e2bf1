// An egress proxy (CONNECT) that stands for a sender's own network, and can be cut.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { atEnd } from './cleanup.ts'

export async function startTunnel() {
  const sockets = new Set<Socket>()
  const server = createServer()
  let isCut = false
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}))
    if (isCut) socket.resetAndDestroy()
  })
  server.on('connect', (asking, socket: Socket) => {
    const [host, port] = asking.url!.split(':') as [string, string]
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  atEnd(() => {
    cut()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut }
}
