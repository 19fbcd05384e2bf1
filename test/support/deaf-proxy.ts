// A link to Postgres that loses notifications and nothing else, like a transaction pooler.
import { startPostgresProxy } from './postgres-proxy.ts'

export interface DeafProxy {
  port: number
  /** From now on notifications come through. */
  heal(): void
}

const notification = 'A'

export async function startDeafProxy(target: { host: string; port: number }): Promise<DeafProxy> {
  let isDeaf = true
  const port = await startPostgresProxy(target, (type, message) =>
    type === notification && isDeaf ? null : message,
  )
  return {
    port,
    heal: () => {
      isDeaf = false
    },
  }
}
