// Any schema, whatever happens to it: writes commit, events show what changed, and everything that answers questions answers.
// GENERATED_SCHEMAS says how many schemas, GENERATED_SEED with which number they begin. A failure prints its seed and its statements.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { runSchema } from '../support/generated/run.ts'
import { createLogin } from '../support/login.ts'

const count = Number(process.env.GENERATED_SCHEMAS ?? 10)
const first = Number(process.env.GENERATED_SEED ?? 1)

test(`${count} generated schemas, from seed ${first} on, keep every promise of capture`, {
  timeout: 3_600_000,
}, async () => {
  const database = await freshDatabase()
  const client: pg.Client = await database.connect()
  const [owner, other, writer] = await Promise.all([1, 2, 3].map(() => createLogin(database.url, '')))
  await client.query(`
    create schema ext; grant usage on schema ext to public;
    create extension citext schema ext; create extension hstore schema ext;
    create extension ltree schema ext; create extension cube schema ext;
    create function ext.is_above(bigint, bigint) returns boolean language sql as 'select $1 > $2';
    revoke execute on function ext.is_above from public;
    grant execute on function ext.is_above to ${owner!.name}, ${other!.name};
    select outbox.unwatch('orders');
    select outbox.grant_watching('${owner!.name}'); select outbox.grant_watching('${other!.name}')`)
  const roles = { owners: [owner!.name, other!.name, 'postgres'], writer: writer!.name }
  const failures: string[] = []
  const totals = { events: 0, refused: new Map<string, number>() }
  for (let seed = first; seed < first + count; seed++) {
    const { log, problem, refused, events } = await runSchema(client, seed, roles)
    totals.events += events
    for (const message of refused) {
      const kind = message.replace(/".*"|\S+\.\S+/g, '…')
      totals.refused.set(kind, (totals.refused.get(kind) ?? 0) + 1)
    }
    if (problem) failures.push(`seed ${seed}: ${problem}\n${log.join(';\n')}`)
  }
  if (process.env.GENERATED_SCHEMAS) console.log(totals)
  expect(failures.join('\n\n')).toBe('')
})
