// A copy of a Postgres server's data directory.
import { spawnSync } from 'node:child_process'

/** Keeps owners and modes, which the server checks. */
export function copyDataDirectory(from: string, to: string): void {
  const copied = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' })
  if (copied.status !== 0)
    throw new Error(`could not copy ${from}: ${copied.error?.message ?? copied.stderr}`)
}
