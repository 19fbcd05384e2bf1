// The settings that a new installation needs. What .env has already stays as it is.
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'

/** Returns the names that it added. */
export function addToEnvFile(file: string, settings: Readonly<Record<string, string>>): string[] {
  const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const missing = Object.entries(settings).filter(
    ([name]) => !new RegExp(`^(export )?${name}=.`, 'm').test(known),
  )
  if (missing.length === 0) return []
  const lines = missing.map(([name, value]) => `${name}=${quoted(value)}\n`).join('')
  const isNew = known === ''
  appendFileSync(file, known === '' || known.endsWith('\n') ? lines : `\n${lines}`, { mode: 0o600 })
  if (isNew) chmodSync(file, 0o600)
  return missing.map(([name]) => name)
}

/** A # would begin a comment. */
const quoted = (value: string) => (/[\s#"]/.test(value) ? `'${value}'` : value)
