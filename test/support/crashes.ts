// A statement that makes Postgres crash may fail no test: all connect again a second later.
import type { Postgres } from '../../dev/postgres.ts'

/** Throws if one of its processes crashed by itself. */
export function refuseCrashes({ crashes }: Pick<Postgres, 'crashes'>): void {
  if (crashes.length > 0) throw new Error(`Postgres crashed:\n${crashes.join('\n')}`)
}
