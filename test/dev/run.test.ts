// `npm run dev`: from an empty directory to a delivered webhook, and to a stop without leftovers.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { isPortFree } from '../../dev/ports.ts'
import { eventually } from '../support/eventually.ts'
import { alive, DevCommand, freshPlace, type Place } from './dev-command.ts'

const root = join(import.meta.dirname, '../..')
const installed = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some(dir => existsSync(join(dir, program)))

/** Generous, because the machine may be busy with all other tests. */
const START_MS = 60_000

let place: Place
let dev: DevCommand

beforeAll(async () => {
  place = await freshPlace()
  dev = new DevCommand(place, {}, '--no-cron')
  await dev.prints(/^ready .*^database +postgresql/ms, START_MS)
})

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

test('npm run dev prints the URL, the API key and the database', async () => {
  const { postgres } = place.ports
  const [, url, key, database] = await dev.prints(/^ready +(\S+).*\napi key +(\S+)\ndatabase +(\S+)/m)
  expect([url, key]).toEqual([dev.url, 'dev'])
  expect(database).toBe(`postgresql://postgres@127.0.0.1:${postgres}/outboxdb`)
})

test('npm run dev prints the address of the docs and three lines to copy, which work', async () => {
  const [, docs] = await dev.prints(/^docs +(\S+)$/m)
  expect((await fetch(docs!)).headers.get('content-type')).toContain('text/html')
  const [, lines = ''] = await dev.prints(/\/docs\n\n(.*?)\n\n/s)
  const commands = lines.split('\n')
  expect(commands.map(line => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'curl -X',
    `curl ${dev.url}/orders/1`,
    'npm run',
  ])
  const env = { ...process.env, OUTBOX_STATE_DIR: place.stateDir }
  for (const command of installed('curl') ? commands : commands.slice(2)) {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8', env })
    expect(status, `${command}\n${stdout}${stderr}`).toBe(0)
    expect(stdout).toMatch(/"id":1,|sent 100, ok 100, failed 0/)
  }
})

test('outbox:check and the editor task find the running system by themselves', () => {
  const env = { ...process.env, OUTBOX_STATE_DIR: place.stateDir, DATABASE_URL_UNPOOLED: '' }
  const task = JSON.parse(readFileSync(join(root, '.vscode/tasks.json'), 'utf8')).tasks.find(
    ({ label }: { label: string }) => label === 'Init outbox DB',
  )
  const catalogue = '--file functions/shop/outbox-catalogue.json'
  for (const [command, answer] of [
    [`npm run outbox:check -- ${catalogue}`, /^all \d+ published event types are unchanged$/m],
    [task.command, /already up to date.*there are clients already/s],
  ]) {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8', env })
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(answer)
  }
})

test('npm run dev delivers a shipped order to the billing receiver', async () => {
  expect((await patch(1, 'shipped')).status).toBe(200)
  expect(await eventually(() => charge(1))).toHaveProperty('amount_cents')
})

test('npm run dev prints a line for the event and one for each attempt, with what happens next', async () => {
  expect((await patch(3, 'shipped')).status).toBe(200)
  await dev.prints(/^[\d:.]{12} {2}orders\/3 → order\.shipped +evt_…\w+ +committed$/m, 20_000)
  await dev.prints(
    /^[\d:.]{12} {2}dlv_…\w+…\w+ → billing +200 in \d+ ms +attempt 1 +delivered, .* after the commit$/m,
  )
  await dev.prints(/→ flaky +503 in \d+ ms +attempt 1 +retry in [\d.]+ s$/m, 20_000)
})

test('npm run dev refuses a second start in the same directory', async () => {
  const second = new DevCommand(place)
  expect(await second.exited).toBe(1)
  await second.prints(/running already, as process \d+/)
})

test('npm run dev names a taken port', async () => {
  const elsewhere = await freshPlace()
  const second = new DevCommand({
    ...elsewhere,
    ports: { ...elsewhere.ports, functions: place.ports.functions },
  })
  expect(await second.exited).toBe(1)
  await second.prints(new RegExp(`Port ${place.ports.functions} is taken.*--port N`))
})

test('npm run dev names a bad setting before anything starts, but not its value', async () => {
  const second = new DevCommand(await freshPlace(), { DATABASE_URL: 'postgresql://no host:s3cret' })
  expect(await second.exited).toBe(1)
  await second.prints(/DATABASE_URL(_UNPOOLED)? is not valid: expected/)
  expect(second.output).not.toMatch(/s3cret|embedded/)
})

test('npm run dev announces the death of a listener, and the cron function delivers instead', async () => {
  process.kill(dev.processes(/worker\/main\.ts/)[0]!, 'SIGKILL')
  await dev.prints(/listener 1 died \(SIGKILL\).*cron function covers.*npm run listener:dev/s)
  await patch(2, 'shipped')
  await fetch(`${dev.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`)
  expect(await eventually(() => charge(2))).toHaveProperty('amount_cents')

  const client = new pg.Client(`postgresql://postgres@127.0.0.1:${place.ports.postgres}/outboxdb`)
  await client.connect()
  // Of this change: the lines to copy have made others before.
  const senders = `select distinct sender from outbox.attempts where event_id = (select max(id) from outbox.events where key = $1)`
  expect((await client.query(senders, ['orders/2'])).rows).toEqual([{ sender: 'cron' }])
  await client.end()
})

test('npm run dev writes secrets to files that only their owner can read', () => {
  for (const file of ['dev.json', 'dev.env']) {
    expect(statSync(join(place.stateDir, file)).mode & 0o777).toBe(0o600)
  }
})

/** All earlier processes have ended, and all ports are free. */
async function expectNothingLeft(before: number[]) {
  expect(before.length).toBeGreaterThan(5)
  await eventually(() => expect(alive(before)).toEqual([]), { timeoutMs: 3_000 })
  for (const port of Object.values(place.ports)) expect(await isPortFree(port)).toBe(true)
}

test('Ctrl-C in npm run dev leaves no process or port behind', async () => {
  const before = dev.processes()
  dev.pressCtrlC()
  await expectNothingLeft(before)
})

test('npm run dev keeps its data over a restart, and killing npm leaves no process or port behind', async () => {
  dev = new DevCommand(place, {}, '--no-cron')
  await dev.prints(/^ready/m, START_MS)
  expect(await charge(1)).toHaveProperty('amount_cents')
  const before = dev.processes()
  dev.killNpm()
  await expectNothingLeft(before)
})

test('killing the runner of npm run dev leaves no process or port behind, and --fresh starts from an empty database', async () => {
  dev = new DevCommand(place, {}, '--no-cron', '--fresh', '--listeners', '2')
  await dev.prints(/^ready/m, START_MS)
  expect(await charge(1)).toBeNull()
  expect(dev.processes(/worker\/main\.ts/)).toHaveLength(2)
  const before = dev.processes()
  process.kill(dev.processes(/node dev\/run\.ts/).at(-1)!, 'SIGKILL')
  await expectNothingLeft(before)
})
