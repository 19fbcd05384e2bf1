// Says `no drift` when the migrations create everything that the schema files declare, for the product and for the example.
// `drizzle-kit check` does not compare the two. This is a process of its own, judged by its output: when a column was
// renamed, drizzle-kit asks a question and exits with 0.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import * as product from '../drizzle/schema.ts'
import * as shop from '../drizzle/shop/schema.ts'

const drizzle = join(import.meta.dirname, '../drizzle')
const missing = [
  ...(await missingMigration(product, 'outbox', join(drizzle, 'migrations'))),
  ...(await missingMigration(shop, 'public', join(drizzle, 'shop/migrations'))),
]
console.log(missing.length === 0 ? 'no drift' : `no migration does this:\n${missing.join('\n')}`)

/** The SQL that would bring the newest snapshot of a folder to what its schema file declares. */
async function missingMigration(tables: object, schema: string, folder: string): Promise<string[]> {
  const meta = join(folder, 'meta')
  const newest = readdirSync(meta)
    .filter(name => name.endsWith('_snapshot.json'))
    .sort()
    .at(-1)!
  const before = JSON.parse(readFileSync(join(meta, newest), 'utf8'))
  const now = generateDrizzleJson({ ...tables }, before.id, [schema])
  return generateMigration(before, now)
}
