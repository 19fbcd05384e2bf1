// The README and docs/operating.md keep their word: their commands run as printed, against `npm run dev`. With curl and psql
// where they are installed, and in any case with stand-ins, so that Node is all it takes.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { DevCommand, freshPlace, type Place } from '../dev/dev-command.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts'
import { faultsOf } from '../support/verifier.ts'
import { codeBlocks, readPage, root, section } from './pages.ts'

const START_MS = 60_000

interface Asked {
  method: string
  url: string
  status: number
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by looking
  body: any
}

const installed = (program: string) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map(dir => join(dir, program))
    .find(path => existsSync(path))
const realCurl = installed('curl')

const readme = readPage('README.md')
const firstWebhook = codeBlocks(section(readme, 'Your first webhook'), 'sh')
const operating = codeBlocks(readPage('docs/operating.md'), 'sh')

let place: Place
let dev: DevCommand
let customer: Receiver
beforeAll(async () => {
  customer = await startReceiver()
  place = await freshPlace()
  dev = new DevCommand(place)
  atEnd(async () => {
    dev.pressCtrlC()
    await dev.exited
  })
  await dev.prints(/^ready /m, START_MS)
})

async function read(path: string): Promise<Asked['body']> {
  return (await fetch(`${dev.url}${path}`, { headers: { authorization: 'Bearer dev' } })).json()
}

/** Only the ports are others than printed. */
function withOurPorts(code: string, receiver: string): string {
  return code
    .replaceAll('localhost:8787', new URL(dev.url).host)
    .replaceAll('http://localhost:3000', receiver)
    .replaceAll('127.0.0.1:15432', `127.0.0.1:${place.ports.postgres}`)
}

/** Runs the blocks in one shell, as a reader would. */
function run(blocks: string[], curl: string | undefined, receiver = customer.url): Asked[] {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-curl-'))
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  copyFileSync(join(import.meta.dirname, '../support/curl.ts'), join(dir, 'curl.ts'))
  const log = join(dir, 'log')
  const script = withOurPorts(blocks.join('\n'), receiver)
  const { status, stderr } = spawnSync(
    'sh',
    ['-euc', `curl() { "${process.execPath}" "${join(dir, 'curl.ts')}" "$@"; }\n${script}`],
    { cwd: root, encoding: 'utf8', env: { ...process.env, CURL_LOG: log, REAL_CURL: curl ?? '' } },
  )
  expect(status, stderr).toBe(0)
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .map(asked => ({ ...asked, body: /^[{[]/.test(asked.text) ? JSON.parse(asked.text) : asked.text }))
}

const senders = [
  { name: 'the curl that is installed', curl: realCurl, isMissing: realCurl === undefined },
  { name: 'a stand-in for curl', curl: undefined, isMissing: false },
]

for (const { name, curl, isMissing } of senders)
  describe.skipIf(isMissing)(`with ${name}`, () => {
    let asked: Asked[]
    const answer = (method: string, path: RegExp) => {
      const found = asked.filter(a => a.method === method && path.test(a.url.split('/').slice(3).join('/')))
      expect(found.length, `${method} ${path}`).toBeGreaterThan(0)
      return found.at(-1)!.body
    }

    test('every request of the first webhook and of every operator’s task succeeds', async () => {
      asked = run(firstWebhook.slice(0, 1), curl)
      await eventually(async () => expect((await read('/orders/1')).charge).not.toBeNull(), {
        timeoutMs: 20_000,
      })
      asked.push(...run(firstWebhook.slice(1), curl), ...run(operating, curl))
      for (const { method, url, status, text } of asked)
        expect(status, `${method} ${url}: ${text}`).toBeLessThan(300)
      const printed = [...firstWebhook, ...operating].join('\n').match(/\bcurl /g)!
      expect(asked).toHaveLength(printed.length)
      expect(asked.length).toBeGreaterThan(18)
    })

    test('the first webhook shows the order, its charge, and its event with its deliveries', () => {
      expect(answer('PATCH', /^orders\/update/)).toMatchObject({ id: 1, status: 'shipped' })
      expect(answer('GET', /^orders\/1$/).charge).toHaveProperty('amount_cents')
      const [event] = asked.find(({ url }) => url.includes('key=orders/1'))!.body.data
      expect(event).toMatchObject({ type: 'order.shipped' })
      expect(event.deliveries.slice(0, 2)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }])
      expect(answer('POST', /^v1\/endpoints$/)).toMatchObject({ secret: expect.stringMatching(/^whsec_/) })
    })

    test('each operator’s task has done what the page says', async () => {
      const { id } = answer('POST', /^v1\/endpoints$/)
      // A webhook did not arrive.
      expect(answer('GET', /\/explain$/).endpoints.length).toBeGreaterThan(2)
      const delivery = answer('GET', /^v1\/deliveries\/dlv_/)
      expect(delivery.attempts.length).toBeGreaterThan(0)
      expect(answer('POST', /\/dlv_\w+\/redeliver$/)).toMatchObject({ id: delivery.id })
      await eventually(async () => {
        const { state, attempts } = await read(`/v1/deliveries/${delivery.id}`)
        return state === 'delivered' && attempts.length > delivery.attempts.length
      })
      const tested = answer('POST', /\/test$/).event_id
      await eventually(() => customer.requests.some(({ headers }) => headers['webhook-id'] === tested))
      // A leaked secret; stop, and go on.
      const { secret, keys } = answer('POST', /\/rotate$/)
      expect(keys).toHaveLength(1)
      expect(answer('POST', /\/pause$/)).toMatchObject({ id, state: 'paused' })
      expect(answer('POST', /\/resume$/)).toMatchObject({ id, state: 'active' })
      // A key for somebody, and not any more.
      const given = answer('POST', /^v1\/keys$/)
      expect(given).toMatchObject({ name: 'ci', scope: 'admin', key: expect.stringMatching(/^obk_/) })
      const refused = await fetch(`${dev.url}/v1/stats`, {
        headers: { authorization: `Bearer ${given.key}` },
      })
      expect(refused.status).toBe(401)
      // Yesterday again: what was before the endpoint comes too, signed with the new secret.
      const replays = asked.filter(({ url }) => url.endsWith('/replay'))
      expect(replays.map(({ status }) => status)).toEqual([200, 202])
      expect(replays[0]!.body.count).toBeGreaterThan(0)
      expect(answer('GET', /^v1\/replays/).data[0]).toMatchObject({
        id: replays[1]!.body.id,
        endpoint_id: id,
      })
      await eventually(
        async () => expect((await read(`/v1/replays/${replays[1]!.body.id}`)).state).toBe('done'),
        {
          timeoutMs: 20_000,
        },
      )
      const isReplayed = (request: Received) =>
        request.body.includes('"order.shipped"') && faultsOf(request, secret).length === 0
      await eventually(() => customer.requests.some(isReplayed), { timeoutMs: 20_000 })
      // How do things stand, and who did that?
      expect(answer('GET', /^v1\/stats$/)).toHaveProperty('deliveries.pending')
      const actions = new Set(
        answer('GET', /^v1\/audit/).data.map(({ action }: { action: string }) => action),
      )
      for (const action of [
        'endpoint.changed',
        'endpoint.rotated',
        'endpoint.paused',
        'endpoint.resumed',
        'endpoint.tested',
        'replay.started',
      ])
        expect(actions, action).toContain(action)
      expect(answer('GET', /^v1\/listeners$/).data).toMatchObject([{ in_flight: expect.any(Number) }])
      expect(answer('GET', /^metrics$/)).toContain('outbox_deliveries{state="pending"}')
      expect(answer('GET', /^v1\/health\/secrets$/)).toMatchObject({ healthy: true, keys: [{ seals: true }] })
    })
  })

describe('"Watch your own table"', () => {
  const [receiver = '', registration = '', changes = '', standIn = ''] = codeBlocks(
    section(readme, 'Watch your own table'),
    'sh',
  )

  test.skipIf(!installed('psql'))('brings two webhooks to the printed receiver, with psql', async () => {
    expect(await typesReceived([changes])).toEqual(['invoices.created', 'invoices.updated'])
  })

  test('brings two webhooks to the printed receiver, without psql', async () => {
    expect(await typesReceived([standIn, changes])).toEqual(['invoices.created', 'invoices.updated'])
  })

  async function typesReceived(sql: string[]): Promise<string[]> {
    const port = await freePort()
    const printed = await startPrinter(receiver.replace('3000', String(port)))
    const [created] = run([registration], realCurl, `http://localhost:${port}`)
    expect(created).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } })
    await eventually(() => reaches(port))
    run(sql, realCurl)
    await eventually(() => printed().length > 1, { timeoutMs: 20_000 })
    await startOver()
    return printed()
      .map(line => JSON.parse(line).type)
      .sort() // without `ordering` an event may overtake another
  }

  /** Runs the receiver; returns what it has printed so far, line by line. */
  async function startPrinter(code: string): Promise<() => string[]> {
    const child = spawn('sh', ['-c', `exec ${code}`], { stdio: ['ignore', 'pipe', 'inherit'] })
    atEnd(async () => {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    let text = ''
    child.stdout.on('data', data => {
      text += data
    })
    return () => text.split('\n').filter(line => line !== '')
  }

  const reaches = (port: number) =>
    fetch(`http://localhost:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    )

  async function startOver(): Promise<void> {
    const db = new pg.Client(`postgresql://postgres@127.0.0.1:${place.ports.postgres}/outboxdb`)
    await db.connect()
    await db.query(`select outbox.unwatch('invoices'); drop table invoices`)
    await db.end()
  }
})
