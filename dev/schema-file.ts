// Writes drizzle/schema.sql, the schema `outbox` as it is after all migrations; `-- --check` says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { dumpSchema } from './dump-schema.ts'
import { migrate } from './migrate.ts'
import { type CreateDatabase, withScratchServer } from './scratch-database.ts'

const file = join(import.meta.dirname, '../drizzle/schema.sql')

const header = `-- The schema \`outbox\` as the migrations and function files leave it. Written by \`npm run generate\`, for reading and for
-- reviewing changes; nothing is created from it. Function bodies stand in drizzle/functions.

`

/** The product alone, without the example: a database of its own on the scratch server. */
export async function readMigratedSchema(create: CreateDatabase): Promise<string> {
  const url = await create('product')
  await migrate(url)
  const client = new pg.Client({ connectionString: url, application_name: 'outbox-schema' })
  await client.connect()
  try {
    return header + (await dumpSchema(client, ['outbox']))
  } finally {
    await client.end()
  }
}

export async function isSchemaFileFresh(create: CreateDatabase): Promise<boolean> {
  return readFileSync(file, 'utf8') === (await readMigratedSchema(create))
}

if (import.meta.main) writeFileSync(file, await withScratchServer(readMigratedSchema))
