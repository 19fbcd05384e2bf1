// `npm run db:seed`: fills an empty shop with the example's clients, items and orders. A shop with clients stays as it is.
import pg from 'pg'
import { readArguments, runTool } from '../program.ts'
import { databaseToUse } from '../running.ts'
import { shop } from './shop.ts'

/** Returns whether there was anything to do. The same `number` gives the same shop. */
export async function seed(url: string, { number = 1 } = {}): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: 'outbox-seed' })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(`lock table clients in share row exclusive mode`) // two seeders at once take turns
    const empty = (await client.query('select from clients limit 1')).rowCount === 0
    if (empty) await load(client, shop(number))
    await client.query('commit')
    return empty
  } finally {
    await client.end() // in the middle of an error this rolls back
  }
}

async function load(client: pg.Client, tables: Record<string, object[]>) {
  // These orders are history, so they make no events.
  await client.query(`set local outbox.capture = 'off'`)
  for (const [table, rows] of Object.entries(tables)) {
    const columns = Object.keys(rows[0]!)
    await client.query(
      `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`,
      [JSON.stringify(rows)],
    )
    // The rows brought their ids along: the sequence continues after them.
    if (columns.includes('id')) {
      await client.query(`select setval(pg_get_serial_sequence('${table}', 'id'), max(id)) from ${table}`)
    }
  }
}

const usage = `npm run db:seed

Fills an empty example shop, in the database that DATABASE_URL_UNPOOLED names, or in that of the running npm run dev.`

if (import.meta.main)
  await runTool(async () => {
    readArguments({ usage, options: {} })
    console.log((await seed(databaseToUse())) ? 'seeded' : 'there are clients already: nothing to do')
  })
