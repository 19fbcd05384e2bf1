// `npm run outbox:check`: fails when a migration breaks a published payload. It compares outbox-catalogue.json with the
// migrated database of DATABASE_URL_UNPOOLED; `-- --write` publishes the payloads that this database can produce.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type EventType, readCatalogue } from '../drizzle/catalogue.ts'
import { brokenPromises, unpublished } from '../drizzle/catalogue-diff.ts'

const catalogueFile = join(import.meta.dirname, '../outbox-catalogue.json')

export interface Verdict {
  readonly ok: boolean
  readonly text: string
}

export async function checkCatalogue(
  url: string,
  { write = false, file = catalogueFile } = {},
): Promise<Verdict> {
  const now = await read(url)
  if (write) {
    writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`)
    return { ok: true, text: `published ${now.length} event types` }
  }
  if (!existsSync(file))
    return { ok: false, text: 'nothing is published yet: run `npm run outbox:check -- --write`' }
  const published: EventType[] = JSON.parse(readFileSync(file, 'utf8'))
  const broken = brokenPromises(published, now)
  if (broken.length > 0) {
    const advice =
      'Receivers rely on these. Fix the migration, or publish the change: `npm run outbox:check -- --write`.'
    return { ok: false, text: [...broken, advice].join('\n') }
  }
  const more = unpublished(published, now)
  const hint = more.length > 0 ? `; not published yet: ${more.join(', ')} (--write)` : ''
  return { ok: true, text: `all ${published.length} published event types are unchanged${hint}` }
}

async function read(url: string): Promise<EventType[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'outbox-check' })
  await client.connect()
  try {
    return await readCatalogue(async ({ text }, parameters) => {
      return (await client.query({ text, values: [...parameters], rowMode: 'array' })).rows
    })
  } finally {
    await client.end()
  }
}

if (import.meta.main) {
  const url = process.env.DATABASE_URL_UNPOOLED
  if (!url) {
    console.error(
      'Set DATABASE_URL_UNPOOLED to the direct connection string of a database with all migrations.',
    )
    process.exit(1)
  }
  const { ok, text } = await checkCatalogue(url, { write: process.argv.includes('--write') })
  console.log(text)
  process.exit(ok ? 0 : 1)
}
