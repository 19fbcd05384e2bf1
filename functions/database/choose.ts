// Which driver speaks to the database. Here it is decided, by what was configured, and nowhere else.
import type { Environment } from '../../delivery/settings.ts'

/**
 * neon: SQL over HTTP, which only Neon answers, and dev/neon-proxy.ts.
 * hyperdrive: Postgres's own protocol, through the pool that Cloudflare keeps.
 * postgres: the same over a socket of our own.
 */
export const driverNames = ['neon', 'hyperdrive', 'postgres'] as const
export type DriverName = (typeof driverNames)[number]

export function chooseDriver(
  databaseUrl: string,
  neonProxy: string | null,
): Exclude<DriverName, 'hyperdrive'> {
  return neonProxy !== null || /\.neon\.(tech|build)$/.test(new URL(databaseUrl).hostname)
    ? 'neon'
    : 'postgres'
}

/** The connection string of a Hyperdrive binding, which has the name that Cloudflare's documentation gives it. */
export function hyperdriveUrl(env: Environment): string | null {
  const { HYPERDRIVE: binding } = env as Readonly<Record<string, unknown>>
  if (typeof binding !== 'object' || binding === null || !('connectionString' in binding)) return null
  return String(binding.connectionString)
}
