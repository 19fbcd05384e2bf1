// What drizzle-kit needs so that `push` and `pull` leave the schema and the roles of the outbox alone.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface DrizzleConfig {
  readonly file: string
  /** The line that was added to it; null = it had one, or it is for a person to add. */
  readonly added: string | null
  /** What a person has to add. */
  readonly byHand: string | null
}

const filter = `schemaFilter: ['public']`
const roles = `entities: { roles: { exclude: ['outbox_functions', 'outbox_listener', 'outbox_emitter'] } }`

/** null = the folder has no configuration of drizzle-kit for Postgres. */
export function adaptDrizzleConfig(folder: string): DrizzleConfig | null {
  const file = ['drizzle.config.ts', 'drizzle.config.js', 'drizzle.config.json'].find(name =>
    existsSync(join(folder, name)),
  )
  if (file === undefined) return null
  const text = readFileSync(join(folder, file), 'utf8')
  if (!/postgres/.test(text)) return null
  const adapted = withFilter(text)
  if (adapted !== null) writeFileSync(join(folder, file), adapted)
  const open = [
    ...(adapted === null && !text.includes('schemaFilter') ? [filter] : []),
    ...(/\broles\s*:/.test(text) && !text.includes('outbox_listener') ? [roles] : []),
  ]
  return { file, added: adapted === null ? null : filter, byHand: open.join(' and ') || null }
}

/** null = it has a filter, or its form is another than drizzle's documentation shows. */
function withFilter(text: string): string | null {
  if (text.includes('schemaFilter')) return null
  const adapted = text.replace(
    /(defineConfig\(\s*\{|export default \{)/,
    `$1\n  // Not the schema outbox: its migrations come with the package.\n  ${filter},`,
  )
  return adapted === text ? null : adapted
}
