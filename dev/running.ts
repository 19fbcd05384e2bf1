// Where the running `npm run dev` answers, for the tools beside it: it writes a file when it is ready and removes it at its
// end.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Trouble } from './say.ts'

export interface RunningSystem {
  /** Of the functions. */
  readonly url: string
  /** null = none of the keys may change everything. */
  readonly apiKey: string | null
  readonly databaseUrl: string
}

/** `.outbox/`, if the environment names no other. */
export function stateDirectory(): string {
  return resolve(process.env.OUTBOX_STATE_DIR ?? join(import.meta.dirname, '../.outbox'))
}

const fileIn = (dir: string) => join(dir, 'running.json')

/** Returns the function that takes it back. */
export function announceRunning(dir: string, system: RunningSystem): () => void {
  writeFileSync(fileIn(dir), `${JSON.stringify(system, null, 2)}\n`, { mode: 0o600 })
  return () => rmSync(fileIn(dir), { force: true })
}

/** null = none runs. One that was killed may still be found: then nothing answers there. */
export function findRunning(dir = stateDirectory()): RunningSystem | null {
  try {
    return JSON.parse(readFileSync(fileIn(dir), 'utf8'))
  } catch {
    return null
  }
}

/** The database that the environment names, or else that of the running `npm run dev`. Throws a Trouble. */
export function databaseToUse(): string {
  const url = process.env.DATABASE_URL_UNPOOLED || findRunning()?.databaseUrl
  if (url) return url
  throw new Trouble(
    'No database: start `npm run dev`, or set DATABASE_URL_UNPOOLED to the direct connection string of another.',
  )
}
