// The directory `.outbox/`: the development system's state between two starts, and the lock that admits only one process.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeLock } from './lock.ts'
import { Trouble } from './say.ts'

export interface State {
  dir: string
  /** Generated once: with another master key, no stored secret could be read. */
  secrets: Secrets
  /** For `npm run listener:dev`. */
  writeEnvironment(settings: Record<string, string>): void
  unlock(): void
}

export interface Secrets {
  OUTBOX_MASTER_KEYS: string
  NOTIFICATIONS_SECRET: string
  BILLING_SECRET: string
}

const OWNER_ONLY = 0o600

export function openState(dir: string): State {
  mkdirSync(dir, { recursive: true })
  const unlock = takeLock(join(dir, 'dev.lock'))
  return {
    dir,
    secrets: readSecrets(join(dir, 'dev.json')),
    writeEnvironment(settings) {
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${quoted(name, value)}\n`)
      writeFileSync(join(dir, 'dev.env'), lines.join(''), { mode: OWNER_ONLY })
    },
    unlock,
  }
}

function readSecrets(file: string): Secrets {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new Trouble(`${file} is not readable: ${error}`)
    const random = () => randomBytes(32).toString('base64')
    const secrets: Secrets = {
      OUTBOX_MASTER_KEYS: `dev:${random()}`,
      NOTIFICATIONS_SECRET: `whsec_${random()}`,
      BILLING_SECRET: `whsec_${random()}`,
    }
    writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: OWNER_ONLY })
    return secrets
  }
}

/** In quotes as `node --env-file` reads them: inside, no character is special. */
function quoted(name: string, value: string): string {
  const quote = ["'", '"', '`'].find(candidate => !value.includes(candidate))
  if (!quote || value.includes('\n'))
    throw new Trouble(`${name} holds characters that an environment file can't hold.`)
  return quote + value + quote
}
