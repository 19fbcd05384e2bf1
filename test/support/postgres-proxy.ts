// A link to Postgres that sees each message of the server, and may change or drop it.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { atEnd } from './cleanup.ts'

/** `type`: the letter of the message. Returns what is sent instead; null = nothing. */
export type ChangeMessage = (type: string, message: Buffer) => Buffer | null

/** Returns the port. */
export async function startPostgresProxy(
  target: { host: string; port: number },
  change: ChangeMessage,
): Promise<number> {
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
    upstream.pipe(eachMessage(change)).pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.close()
    for (const link of links) link.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** Each message of the server is a letter, its length (which counts itself) and the rest. */
function eachMessage(change: ChangeMessage): Transform {
  let rest = Buffer.alloc(0)
  return new Transform({
    transform(chunk, _, done) {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 1 + rest.readInt32BE(1)) {
        const length = 1 + rest.readInt32BE(1)
        const changed = change(String.fromCharCode(rest[0]!), rest.subarray(0, length))
        if (changed !== null) this.push(changed)
        rest = rest.subarray(length)
      }
      done()
    },
  })
}
