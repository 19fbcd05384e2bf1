// All deliveries of one event, where there are many endpoints.
import { drizzle } from 'drizzle-orm/neon-http'
import { expect, test } from 'vitest'
import { events } from '../../../drizzle/schema.ts'
import type { Database } from '../../../functions/db.ts'
import { deliveriesOfEvent } from '../../../functions/deliveries/read.ts'
import { startOperations } from '../operations.ts'

const event = 300n

test('are looked for at the endpoints that can have one: of its tenant, of none, and of another one before', async () => {
  const { client, db } = await startOperations()
  // 1,000 endpoints of a tenant each, one of none, and one of tenant 3 that was of tenant 7 before.
  await client.query(`
    set session_replication_role = replica;
    insert into outbox.endpoints (url, tenant, changed_tenant)
    select 'https://example.com/' || n, case when n <= 1000 then 't' || n when n = 1002 then 't3' end, n = 1002
    from generate_series(1, 1002) as n;
    insert into outbox.events (id, type, data, tenant) overriding system value
    select n, 'a.b', '{}', 't7' from generate_series(1, 600) as n;
    insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, reason, finished_at)
    select p.id, e.id, 'canceled', 0, 'endpoint deleted', now() from outbox.endpoints p cross join outbox.events e
    where p.id in (7, 1001, 1002) or e.id < 30;
    set session_replication_role = origin;
    analyze outbox.endpoints; analyze outbox.events; analyze outbox.delivery_rows`)

  const found = await deliveriesOfEvent(db, { event: { id: event }, tenant: null })
  expect(found.map(row => row.endpointId)).toEqual([1002n, 1001n, 7n])
  const theirs = await deliveriesOfEvent(db, { event: { id: event }, tenant: 't7' })
  expect(theirs.map(row => row.endpointId)).toEqual([7n])

  const { sql, params } = statementFor({ event: { id: event }, tenant: null })
  const { rows } = await client.query(`explain (analyze, format json) ${sql}`, params)
  expect(timesRead('delivery_rows', rows[0]['QUERY PLAN'][0].Plan)).toBeLessThan(20)
})

/** The same, not run: a builder is a promise that asks only when somebody waits for it. */
function statementFor(which: Parameters<typeof deliveriesOfEvent>[1]): { sql: string; params: unknown[] } {
  const idle = { build: (_, statement) => statement(drizzle.mock()) } as Pick<Database, 'build'>
  return (deliveriesOfEvent(idle as Database, which) as unknown as ReturnType<typeof toBuild>).toSQL()
}
const toBuild = () => drizzle.mock().select().from(events)

interface Plan {
  readonly 'Relation Name'?: string
  readonly 'Actual Loops': number
  readonly Plans?: readonly Plan[]
}

function timesRead(table: string, plan: Plan): number {
  const here = plan['Relation Name'] === table ? plan['Actual Loops'] : 0
  return (plan.Plans ?? []).reduce((sum, inner) => sum + timesRead(table, inner), here)
}
