// Says `no drift` when the migrations do everything drizzle/schema.ts says; `drizzle-kit check` does not look at that.
// A process of its own, judged by its words: faced with a renamed column, drizzle-kit asks a question and exits with 0.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import * as schema from '../drizzle/schema.ts'

const meta = join(import.meta.dirname, '../drizzle/migrations/meta')
const newest = readdirSync(meta)
  .filter(name => name.endsWith('_snapshot.json'))
  .sort()
  .at(-1)!
const before = JSON.parse(readFileSync(join(meta, newest), 'utf8'))
const now = generateDrizzleJson({ ...schema }, before.id, ['public', 'outbox'])
const missing = await generateMigration(before, now)
console.log(missing.length === 0 ? 'no drift' : `no migration does this:\n${missing.join('\n')}`)
