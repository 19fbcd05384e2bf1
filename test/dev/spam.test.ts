// `npm run spam`: every update is a real change, and failures are reported, not counted as successes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { freshDatabase } from '../support/database.ts'
import { startReceiver } from '../support/receiver.ts'
import { startWorker } from '../support/worker.ts'

async function spam(...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dev/shop/spam.ts'), ...args])
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, output: out + errors }
}

test('npm run spam ships as many different orders as asked', async () => {
  const database = await freshDatabase({ seeded: true })
  const { url } = await startWorker(database.env)
  const { code, output } = await spam('--count', '40', '--rate', '200', '--url', url)
  expect(output).toContain('sent 40, ok 40, failed 0')
  expect(code).toBe(0)
  const db = await database.connect()
  const { rows } = await db.query(`select type, count(distinct key)::int as orders, count(*)::int as events
    from outbox.events group by type`)
  expect(rows).toEqual([{ type: 'order.shipped', orders: 40, events: 40 }])
})

test('npm run spam updates orders repeatedly when there are fewer orders than updates, and changes each every time', async () => {
  const database = await freshDatabase()
  const db = await database.connect()
  await db.query(`insert into clients (id, name, email) values (1, 'x', 'x')`)
  await db.query(`insert into orders (client_id) select 1 from generate_series(1, 3)`)
  await db.query('delete from outbox.events')
  const { url } = await startWorker(database.env)
  // Slow enough for one update of an order to be over before its next one.
  await spam('--count', '9', '--rate', '5', '--url', url)
  expect(
    (await db.query('select type, count(*)::int from outbox.events group by type order by type')).rows,
  ).toEqual([
    { type: 'order.backorder', count: 3 },
    { type: 'order.shipped', count: 6 },
  ])
})

test('npm run spam reports failures and exits with 1', async () => {
  const { url } = await startReceiver(({ method }, response) => {
    if (method === 'PATCH') return 503
    response.end(JSON.stringify({ data: [{ id: 1, status: 'created' }], next_cursor: null }))
  })
  const { code, output } = await spam('--count', '5', '--rate', '1000', '--url', url)
  expect(output).toContain('sent 5, ok 0, failed 5')
  expect(output).toContain('5 × HTTP 503')
  expect(code).toBe(1)
})

test('npm run spam says that the functions do not answer', async () => {
  const { code, output } = await spam('--url', `http://127.0.0.1:${await freePort()}`)
  expect(output).toMatch(/can't be read \(ECONNREFUSED\)\. Is `npm run dev` running\?/)
  expect(code).toBe(1)
})
