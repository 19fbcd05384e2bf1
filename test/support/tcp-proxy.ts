// A TCP link that can fail like real ones: refuse, reset, or fall silent with both ends left open.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { atEnd } from './cleanup.ts'

export interface TcpProxy {
  port: number
  /** pass: no effect. silence: bytes are discarded and nothing is closed. refuse: new connections are reset. */
  mode(mode: 'pass' | 'silence' | 'refuse'): void
  /** How many connections were refused. */
  readonly refused: number
  /** Resets every connection. */
  cut(): void
  /** New connections lead to this target; existing ones stay. */
  leadTo(target: Target): void
}

interface Target {
  host: string
  port: number
}

export async function startTcpProxy(firstTarget: Target): Promise<TcpProxy> {
  let target = firstTarget
  let mode: 'pass' | 'silence' | 'refuse' = 'pass'
  let refused = 0
  const links = new Set<Socket>()
  const pump = (from: Socket, to: Socket) => {
    from.on('data', data => {
      if (mode !== 'silence' && to.writable) to.write(data)
    })
    from.on('error', () => {})
    from.on('close', () => {
      links.delete(from)
      if (mode !== 'silence') to.destroy()
    })
  }
  const server = createServer(client => {
    if (mode === 'refuse') {
      refused++
      return void client.resetAndDestroy()
    }
    const upstream = connect(target)
    for (const link of [client, upstream]) links.add(link)
    pump(client, upstream)
    pump(upstream, client)
  })
  const cut = () => {
    for (const link of links) link.resetAndDestroy()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(async () => {
    cut()
    server.close()
    await once(server, 'close')
  })
  return {
    port: (server.address() as AddressInfo).port,
    mode: next => {
      mode = next
    },
    get refused() {
      return refused
    },
    cut,
    leadTo: next => {
      target = next
    },
  }
}
