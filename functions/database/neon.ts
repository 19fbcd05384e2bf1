// Neon's own driver: SQL over HTTP, one round trip for each statement, no connection to keep.
import { neon, neonConfig } from '@neondatabase/serverless'
import type { Connection } from './connection.ts'

interface Options {
  readonly databaseUrl: string
  readonly neonProxy: string | null
  readonly deadlineSeconds: number
}

export function connectNeon({ databaseUrl, neonProxy, deadlineSeconds }: Options): Connection {
  if (neonProxy) neonConfig.fetchEndpoint = new URL('/sql', neonProxy).href
  const driver = neon(databaseUrl, {
    fetchOptions: { signal: AbortSignal.timeout(deadlineSeconds * 1000) },
  })
  return { driver, close: async () => {} }
}
