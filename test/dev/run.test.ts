// The one command: from an empty directory to a delivered webhook, and back to nothing.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { isPortFree } from '../../dev/ports.ts'
import { eventually } from '../support/eventually.ts'
import { alive, DevCommand, freshPlace, type Place } from './dev-command.ts'

/** Generous, because the machine may be busy with all other tests. */
const START_MS = 60_000

let place: Place
let dev: DevCommand

beforeAll(async () => {
  place = await freshPlace()
  dev = new DevCommand(place, {}, '--no-cron')
  await dev.prints(/^ready .*^database +postgresql/ms, START_MS)
}, START_MS + 10_000)

const patch = (id: number, status: string) =>
  fetch(`${dev.url}/orders/update`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, status }),
  })

const charge = async (id: number) => {
  const order = (await (await fetch(`${dev.url}/orders/${id}`)).json()) as { charge: object | null }
  return order.charge
}

test('says where everything is', async () => {
  const { postgres } = place.ports
  const [, url, key, database] = await dev.prints(/^ready +(\S+).*\napi key +(\S+)\ndatabase +(\S+)/m)
  expect([url, key]).toEqual([dev.url, 'dev'])
  expect(database).toBe(`postgresql://postgres@127.0.0.1:${postgres}/outboxdb`)
})

test('an order that ships is charged a moment later', async () => {
  expect((await patch(1, 'shipped')).status).toBe(200)
  expect(await eventually(() => charge(1))).toHaveProperty('amount_cents')
})

test('a second start in the same place is refused with words', async () => {
  const second = new DevCommand(place)
  expect(await second.exited).toBe(1)
  await second.prints(/running already, as process \d+/)
})

test('a port that is taken is named', async () => {
  const elsewhere = await freshPlace()
  const second = new DevCommand({
    ...elsewhere,
    ports: { ...elsewhere.ports, functions: place.ports.functions },
  })
  expect(await second.exited).toBe(1)
  await second.prints(new RegExp(`Port ${place.ports.functions} is taken.*--port N`))
})

test('a bad setting is named before anything is started, its value is not', async () => {
  const second = new DevCommand(await freshPlace(), { DATABASE_URL: 'postgresql://no host:hush' })
  expect(await second.exited).toBe(1)
  await second.prints(/DATABASE_URL(_UNPOOLED)? is not valid: expected/)
  expect(second.output).not.toMatch(/hush|embedded/)
})

test('a listener that dies is announced, and the cron function covers for it', async () => {
  process.kill(dev.processes(/worker\/main\.ts/)[0]!, 'SIGKILL')
  await dev.prints(/listener 1 died \(SIGKILL\).*cron function covers.*npm run listener:dev/s)
  await patch(2, 'shipped')
  await fetch(`${dev.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`)
  expect(await eventually(() => charge(2))).toHaveProperty('amount_cents')

  const client = new pg.Client(`postgresql://postgres@127.0.0.1:${place.ports.postgres}/outboxdb`)
  await client.connect()
  const senders = `select distinct sender from outbox.attempts a join outbox.events e on e.id = a.event_id where key = $1`
  expect((await client.query(senders, ['orders/2'])).rows).toEqual([{ sender: 'cron' }])
  await client.end()
})

test('what others must not read is readable by the owner only', () => {
  for (const file of ['dev.json', 'dev.env']) {
    expect(statSync(join(place.stateDir, file)).mode & 0o777).toBe(0o600)
  }
})

/** All of it: processes that were there before are gone, and so are the listening sockets. */
async function expectNothingLeft(before: number[]) {
  expect(before.length).toBeGreaterThan(5)
  await eventually(() => expect(alive(before)).toEqual([]), { timeoutMs: 3_000 })
  for (const port of Object.values(place.ports)) expect(await isPortFree(port)).toBe(true)
}

test('Ctrl-C leaves nothing behind', async () => {
  const before = dev.processes()
  dev.pressCtrlC()
  await expectNothingLeft(before)
})

test(
  'a second start keeps the data, and killing npm leaves nothing behind',
  async () => {
    dev = new DevCommand(place, {}, '--no-cron')
    await dev.prints(/^ready/m, START_MS)
    expect(await charge(1)).toHaveProperty('amount_cents')
    const before = dev.processes()
    dev.killNpm()
    await expectNothingLeft(before)
  },
  START_MS,
)

test(
  'killing the runner itself leaves nothing behind, and --fresh begins anew',
  async () => {
    dev = new DevCommand(place, {}, '--no-cron', '--fresh', '--listeners', '2')
    await dev.prints(/^ready/m, START_MS)
    expect(await charge(1)).toBeNull()
    expect(dev.processes(/worker\/main\.ts/)).toHaveLength(2)
    const before = dev.processes()
    process.kill(dev.processes(/node dev\/run\.ts/).at(-1)!, 'SIGKILL')
    await expectNothingLeft(before)
  },
  START_MS,
)
