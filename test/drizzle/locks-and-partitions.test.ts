// No statement locks rows and, in a part of its own, chooses partitions while it runs: where a row to be locked had just changed,
// Postgres 18 up to 18.4 could crash (drizzle/functions/was_delivered_at_once.sql). That takes the change at the right moment,
// and memory that is used again, so no load finds it for sure. The plans do.
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { statements } from '../../drizzle/queries.gen.ts'
import { freshDatabase } from '../support/database.ts'

/** What may choose partitions while it runs does, whatever the tables hold. */
const preferNestedLoops =
  'set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off; set enable_bitmapscan = off'

let client: pg.Client

beforeAll(async () => {
  client = await (await freshDatabase()).connect()
  await client.query(preferNestedLoops)
  await client.query('set client_min_messages = log; set debug_print_plan = on')
})

/** As the executor gets it, which tells more than EXPLAIN does. */
async function planOf(text: string): Promise<string> {
  let plan = ''
  const keep = ({ message, detail }: { message?: string; detail?: string }) => {
    if (message === 'plan:') plan = detail!.replace(/\s+/g, ' ')
  }
  client.on('notice', keep)
  await client.query(`explain (generic_plan) ${text}`)
  client.off('notice', keep)
  return plan
}

/**
 * A lock that finds a changed row starts all CTEs and subqueries of its statement a second time, and takes what they choose
 * partitions by along when it ends. The main query is not started again.
 */
function mayCrash(plan: string): boolean {
  const choices = plan.slice(plan.indexOf(':partPruneInfos')).split('{PARTITIONPRUNEINFO').slice(1)
  const subplans = plan.slice(plan.indexOf(':subplans ('))
  return (
    plan.includes('{LOCKROWS') &&
    [...subplans.matchAll(/:part_prune_index (\d+)/g)].some(([, index]) =>
      choices[Number(index)]!.includes(':exec_pruning_steps ('),
    )
  )
}

test('no statement locks rows and chooses partitions in a part of its own', async () => {
  const found: string[] = []
  for (const { name, text } of statements) if (mayCrash(await planOf(text))) found.push(name)
  expect(found).toEqual([])
})

test('a statement that does is found', async () => {
  const { text } = statements.find(({ name }) => name === 'settle')!
  const changed = text.replace(
    'r.number > 1 or not outbox.was_delivered_at_once(r.endpoint_id, r.event_id)',
    'not exists (select from outbox.delivered_at_once o where o.endpoint_id = r.endpoint_id and o.event_id = r.event_id)',
  )
  expect(changed).not.toBe(text)
  expect(mayCrash(await planOf(changed))).toBe(true)
})
