// `npm run outbox:check`: fails when a migration breaks a published payload. It compares the published catalogue with the
// migrated database. `-- --write` publishes what the database can produce now.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { type EventType, readCatalogue } from '../drizzle/catalogue.ts'
import { brokenPromises, unpublished } from '../drizzle/catalogue-diff.ts'
import { readArguments, runTool } from './program.ts'
import { databaseToUse } from './running.ts'

const root = join(import.meta.dirname, '..')
const defaultFile = 'outbox-catalogue.json'

const usage = `npm run outbox:check -- [--write] [--file PATH]

  --write      publishes what the database can produce now
  --file PATH  the published catalogue (default ${defaultFile})

The database is the one that DATABASE_URL_UNPOOLED names, or else that of the running npm run dev.`

export interface Verdict {
  readonly ok: boolean
  readonly text: string
}

export async function checkCatalogue(
  url: string,
  { write, file }: { write: boolean; file: string },
): Promise<Verdict> {
  const now = await read(url)
  if (write) {
    writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`)
    return { ok: true, text: `published ${now.length} event types` }
  }
  if (!existsSync(file))
    return {
      ok: false,
      text: `nothing is published in ${file} yet: publish with --write, or name another --file`,
    }
  const published: EventType[] = JSON.parse(readFileSync(file, 'utf8'))
  const broken = brokenPromises(published, now)
  if (broken.length > 0) {
    const advice = 'Receivers rely on these. Mend the migration, or publish the change with --write.'
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

/** What follows `npm run outbox:check --`. A path is relative to the project's folder, where npm runs its scripts. */
export function readOptions(args: string[]): { write: boolean; file: string } {
  const { write, file } = readArguments({
    args,
    usage,
    options: {
      write: { type: 'boolean', default: false },
      file: { type: 'string', default: defaultFile },
    },
  })
  return { write, file: resolve(root, file) }
}

if (import.meta.main)
  await runTool(async () => {
    const options = readOptions(process.argv.slice(2))
    const { ok, text } = await checkCatalogue(databaseToUse(), options)
    console.log(text)
    if (!ok) process.exitCode = 1
  })
