// A link to Postgres that loses notifications and passes everything else, like a transaction pooler.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { atEnd } from './cleanup.ts'

export interface DeafProxy {
  port: number
  /** From now on notifications are passed. */
  heal(): void
}

export async function startDeafProxy(target: { host: string; port: number }): Promise<DeafProxy> {
  let isDeaf = true
  const links = new Set<Socket>()
  const server = createServer(client => {
    const upstream = connect(target)
    for (const link of [client, upstream]) {
      links.add(link)
      link.on('error', () => {})
      link.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    client.pipe(upstream)
    upstream.pipe(withoutNotifications(() => isDeaf)).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.close()
    for (const link of links) link.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    heal: () => {
      isDeaf = false
    },
  }
}

/** Each server message is a letter, its length (including the length field) and the content. A = notification. */
function withoutNotifications(isDeaf: () => boolean): Transform {
  let rest = Buffer.alloc(0)
  return new Transform({
    transform(chunk, _, done) {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
        const length = 1 + rest.readInt32BE(1)
        if (String.fromCharCode(rest[0]!) !== 'A' || !isDeaf()) this.push(rest.subarray(0, length))
        rest = rest.subarray(length)
      }
      done()
    },
  })
}
