// A link to Postgres that can swallow what the listening session and the server send each other, and nothing else: as a
// firewall does that has forgotten a connection.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { atEnd } from './cleanup.ts'

const listening = 'listen outbox'

export interface ListenLink {
  /** The connection string that leads through it. */
  readonly url: string
  /** Everything on the connections that listen now is swallowed from now on, in both directions. Nothing is closed. */
  swallow(): void
  /** The same for connections from the moment they ask to listen, until it is healed. */
  swallowFromStart(): void
  heal(): void
  /** How many connections were swallowed from their start. */
  readonly swallowed: number
}

export async function startListenLink(url: string): Promise<ListenLink> {
  const { hostname, port } = new URL(url)
  const links = new Set<Link>()
  let fromStart = false
  let swallowed = 0
  const onListen = (link: Link) => {
    if (!fromStart) return
    link.swallows = true
    swallowed++
  }
  const server = createServer(client => {
    links.add(new Link(client, connect({ host: hostname, port: Number(port) }), onListen))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.close()
    for (const link of links) link.destroy()
  })
  const proxied = new URL(url)
  proxied.port = String((server.address() as AddressInfo).port)
  return {
    url: proxied.href,
    swallow() {
      for (const link of links) link.swallows ||= link.listens
    },
    swallowFromStart() {
      fromStart = true
    },
    heal() {
      fromStart = false
    },
    get swallowed() {
      return swallowed
    },
  }
}

class Link {
  listens = false
  swallows = false
  readonly #sockets: readonly Socket[]

  constructor(client: Socket, server: Socket, onListen: (link: Link) => void) {
    this.#sockets = [client, server]
    client.on('data', data => {
      if (!this.listens && data.includes(listening)) {
        this.listens = true
        onListen(this)
      }
      if (!this.swallows) server.write(data)
    })
    server.on('data', data => {
      if (!this.swallows) client.write(data)
    })
    for (const socket of this.#sockets)
      socket.on('error', () => {}).on('close', () => this.swallows || this.destroy())
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
