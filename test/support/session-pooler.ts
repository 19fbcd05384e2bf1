// A link to Postgres like that of a session pooler: the pid that the client is told is not the pid of its backend.
import { startPostgresProxy } from './postgres-proxy.ts'

const backendKeyData = 'K'

/** A connection string that leads through it. */
export async function startSessionPooler(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const pooled = new URL(url)
  pooled.port = String(
    await startPostgresProxy({ host: hostname, port: Number(port) }, (type, message) => {
      if (type !== backendKeyData) return message
      const changed = Buffer.from(message)
      changed.writeInt32BE(message.readInt32BE(5) + 1_000_000, 5)
      return changed
    }),
  )
  return pooled.href
}
