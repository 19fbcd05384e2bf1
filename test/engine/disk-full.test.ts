// A full disk: no change is half written, no acknowledged change is lost, and nothing has to be restarted by hand. The
// disk is a small one in memory; mounting it needs root.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, deliveryStates, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { connectTo, startServer, temporaryDirectory } from '../support/server.ts'
import { startWorker, type TestWorker } from '../support/worker.ts'

const mayMount = process.platform === 'linux' && process.getuid?.() === 0

test.skipIf(!mayMount)(
  'a full disk refuses changes together with their events, and work goes on by itself once there is space (needs root)',
  async () => {
    const disk = mountDisk('160m')
    // The write-ahead log stays small, and has its segments before the disk is full.
    const settings = { max_wal_size: '48MB', min_wal_size: '48MB', wal_recycle: 'on' }
    const server = await startServer({ dir: join(disk, 'postgres'), settings })
    const client = await connectTo(server.databaseUrl)
    const receiver = await startReceiver()
    await addEndpoint(client, { url: receiver.url, event_types: ['order.shipped'] })
    const listener = await startTestListener(server.databaseUrl, { OUTBOX_POLL_SECONDS: '0.5' })
    const worker = await startWorker(server.env)
    const orders = await addOrders(client, 3_000)
    await client.query('checkpoint')

    const acknowledged: number[] = []
    const ship = async (count: number) => {
      for (const id of orders.splice(0, count)) {
        const status = await shipOrder(worker, id)
        if (status === 200) acknowledged.push(id)
        else return status
      }
      return 200
    }
    expect(await ship(5)).toBe(200)
    fill(disk)
    // What pages still have room for is written; then the first new page is refused.
    const refused = await eventually(
      async () => {
        const status = await ship(50)
        return status === 200 ? null : status
      },
      { timeoutMs: 60_000 },
    )
    expect(refused).toBe(503)
    const live = await fetch(`http://127.0.0.1:${listener.healthPort}/livez`)
    expect(live.status).toBe(200)

    rmSync(join(disk, 'ballast'))
    await eventually(async () => (await ship(1)) === 200, { timeoutMs: 15_000 })
    // A server that could not write its log has restarted and cut every connection.
    const after = await connectTo(server.databaseUrl)
    await eventually(async () => (await deliveryStates(after)).delivered === acknowledged.length, {
      timeoutMs: 30_000,
    })
    const { rows } = await after.query(
      `select (select count(*)::int from orders where status = 'shipped') as shipped,
              (select count(*)::int from outbox.events where type = 'order.shipped') as events`,
    )
    // No change without its event and no event without its change, including the refused changes.
    expect(rows[0]).toEqual({ shipped: acknowledged.length, events: acknowledged.length })
    expect(new Set(receiver.requests.map(r => r.headers['webhook-id'])).size).toBe(acknowledged.length)
  },
)

function mountDisk(size: string): string {
  const disk = join(temporaryDirectory(), 'disk')
  mkdirSync(disk)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk], {
    encoding: 'utf8',
  })
  if (mounted.status !== 0) throw new Error(`could not mount a small disk: ${mounted.stderr}`)
  chmodSync(disk, 0o755)
  atEnd(() => spawnSync('umount', ['-l', disk]))
  return disk
}

/** Down to the last page. */
function fill(disk: string): void {
  for (const bytes of [1 << 20, 4096]) {
    try {
      for (;;) writeFileSync(join(disk, 'ballast'), Buffer.alloc(bytes), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

async function addOrders(client: pg.Client, count: number): Promise<number[]> {
  const { rows } = await client.query(
    `with client as (insert into clients (name, email) values ('Full & Sons', 'full@example.com') returning id)
     insert into orders (client_id) select client.id from client, generate_series(1, $1) returning id::int`,
    [count],
  )
  return rows.map(row => row.id)
}

async function shipOrder(worker: TestWorker, id: number): Promise<number> {
  const answer = await worker.fetch(`/orders/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', authorization: 'Bearer dev' },
    body: JSON.stringify({ status: 'shipped' }),
  })
  await answer.text()
  return answer.status
}
