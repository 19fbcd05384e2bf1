// `outbox listen` loses nothing: while it sleeps, when it is killed, and when somebody else takes its name.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { verify } from '../../delivery/verify.ts'
import { type Api, startApi } from '../functions/api.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outboxWhileWeServe } from './command.ts'
import { type Running, startCommand } from './running.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await startTestListener(api.database.url)
})

let made = 0

/** A name of its own, types of its own, and a home of its own. */
function laptop() {
  const name = `laptop_${++made}`
  const home = temporaryDirectory()
  const env = { HOME: home, OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev' }
  const args = (url: string, ...more: string[]) => [
    'listen',
    '--forward-to',
    `${name}.*=${url}`,
    '--name',
    name,
    ...more,
  ]
  return {
    name,
    env,
    type: `${name}.happened`,
    run: (...more: string[]) => outboxWhileWeServe(['listen', ...more], { env, cwd: home }),
    home,
    listen(url: string, more: readonly string[] = [], nodeOptions = '') {
      return startCommand(args(url, ...more), { env: { ...env, NODE_OPTIONS: nodeOptions }, cwd: home })
    },
  }
}

const isReady = (running: Running) => running.said(/^ready /m)

/** In one transaction each; returns the events' ids. */
async function emit(
  type: string,
  count: number,
  key: (n: number) => string | null = () => null,
): Promise<string[]> {
  const ids: string[] = []
  for (let n = 1; n <= count; n++) {
    const { rows } = await api.db.query('select outbox.emit($1, $2, $3) as id', [type, { n }, key(n)])
    ids.push(rows[0].id)
  }
  return ids
}

/** Its clock stands ten minutes further on as soon as this file is there, as after a sleep. */
const clockThatSlept = (file: string) =>
  `import {existsSync} from 'node:fs';const now=Date.now;Date.now=()=>now()+(existsSync('${file}')?6e5:0)`

/** Writes down who it is two seconds after it has looked who else is there. */
const slowWriter = `import fs from 'node:fs';import {syncBuiltinESMExports} from 'node:module';const {renameSync}=fs;
fs.renameSync=(...names)=>{Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,2000);renameSync(...names)};syncBuiltinESMExports()`

const preload = (module: string) => `--import=data:text/javascript,${encodeURIComponent(module)}`

async function countOf(type: string, state: string): Promise<number> {
  const { rows } = await api.db.query(
    `select count(*)::int as count from outbox.deliveries d join outbox.events e on e.id = d.event_id
     where e.type = $1 and d.state = $2`,
    [type, state],
  )
  return rows[0].count
}

const idsOf = (requests: readonly { headers: IncomingMessage['headers'] }[]) =>
  requests.map(({ headers }) => headers['webhook-id'])

test('what comes is forwarded, signed with the secret that --print-secret prints, and is delivered', async () => {
  const receiver = await startReceiver()
  const { listen, run, type, name } = laptop()
  const running = listen(receiver.url, ['--json'])
  await isReady(running)
  const [event] = await emit(type, 1, () => 'orders/7')
  const [webhook] = await receiver.waitFor(1)
  const { stdout: secret } = await run('--print-secret', '--name', name)
  const headers = new Headers(webhook!.headers as Record<string, string>)
  expect(await verify(headers, webhook!.body, [secret.trim()], Date.now() / 1000)).toMatchObject({
    ok: true,
    webhookId: event,
  })
  await eventually(() => expect(running.stdout).not.toBe(''))
  const line = JSON.parse(running.stdout)
  expect(line).toMatchObject({ event_id: event, type, key: 'orders/7', status: 200, settled: true })
  expect((await api.get(`/v1/deliveries/${line.id}`)).body.state).toBe('delivered')
  running.signal('SIGTERM')
  expect(await running.exited).toBe(0)
})

test('200 events that come while it sleeps arrive when it wakes, each once, of each key in order', async () => {
  const receiver = await startReceiver()
  const { listen, type } = laptop()
  const running = listen(receiver.url)
  await isReady(running)
  const before = await emit(type, 1)
  await receiver.waitFor(1)
  running.signal('SIGSTOP')
  const ids = await emit(type, 200, n => `orders/${n % 7}`)
  // As after ten minutes: whatever it held is over.
  await api.db.query(
    `update outbox.pull_sessions set held_until = now() - interval '1 second', pulled_at = now() - interval '10 minutes'`,
  )
  await api.db.query(
    `update outbox.delivery_rows set leased_until = now() - interval '1 second' where state = 'sending'`,
  )
  running.signal('SIGCONT')
  await receiver.waitFor(201, { timeoutMs: 45_000 })
  expect(idsOf(receiver.requests).toSorted()).toEqual([...before, ...ids].toSorted())
  for (let key = 0; key < 7; key++) {
    const ofKey = ids.filter((_, i) => (i + 1) % 7 === key)
    expect(idsOf(receiver.requests).filter(id => ofKey.includes(id as string))).toEqual(ofKey)
  }
})

test('asleep for ten minutes in the middle of a request: all in order, and nothing but that request comes twice', async () => {
  const { listen, type, home } = laptop()
  const slept = `${home}/slept`
  const seen: string[] = []
  const inFlight = Promise.withResolvers<() => void>()
  const server = await serve((request, answer) => {
    seen.push(request.headers['webhook-id'] as string)
    if (seen.length === 1) inFlight.resolve(answer)
    else answer()
  })
  const running = listen(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [],
    preload(clockThatSlept(slept)),
  )
  await isReady(running)
  const before = await emit(type, 10, n => `orders/${n % 7}`)
  const answer = await inFlight.promise
  running.signal('SIGSTOP')
  answer()
  const ids = [...before, ...(await emit(type, 200, n => `orders/${n % 7}`))]
  const keys = new Map(ids.map((id, i) => [id, i < 10 ? (i + 1) % 7 : (i - 9) % 7]))
  await api.db.query(
    `update outbox.pull_sessions set held_until = held_until - interval '10 minutes', pulled_at = pulled_at - interval '10 minutes'`,
  )
  await api.db.query(
    `update outbox.delivery_rows set leased_until = leased_until - interval '10 minutes' where state = 'sending'`,
  )
  writeFileSync(slept, '')
  running.signal('SIGCONT')
  await eventually(() => expect(new Set(seen)).toEqual(new Set(ids)), { timeoutMs: 45_000 })
  expect(seen.length - ids.length).toBeLessThanOrEqual(1)
  for (let key = 0; key < 7; key++) {
    const ofKey = ids.filter(id => keys.get(id) === key)
    expect([...new Set(seen)].filter(id => keys.get(id) === key)).toEqual(ofKey)
  }
  await eventually(async () => {
    const { rows } = await api.db.query(
      `select count(*)::int as open from outbox.deliveries d join outbox.events e on e.id = d.event_id
       where e.type = $1 and d.state <> 'delivered'`,
      [type],
    )
    expect(rows[0].open).toBe(0)
  })
})

test('an answer to a pull that is read only after a sleep is not acted on: its leases are over', async () => {
  const receiver = await startReceiver()
  const { listen, type, home } = laptop()
  const slept = `${home}/slept`
  const running = listen(receiver.url, [], preload(clockThatSlept(slept)))
  await isReady(running)
  const first = await emit(type, 1)
  await eventually(async () => expect(await countOf(type, 'delivered')).toBe(1))
  running.signal('SIGSTOP')
  // It waits for an answer, and the server gives what comes now to it.
  const ids = [...first, ...(await emit(type, 5))]
  await eventually(async () => expect(await countOf(type, 'sending')).toBeGreaterThan(0))
  // As after ten minutes: another was given it, and has delivered it.
  await api.db.query(
    `update outbox.delivery_rows d
     set state = 'delivered', lease = null, leased_until = null, finished_at = now()
     from outbox.events e
     where e.id = d.event_id and e.type = $1 and d.state = 'sending'`,
    [type],
  )
  const byOthers = (await countOf(type, 'delivered')) - 1
  writeFileSync(slept, '')
  running.signal('SIGCONT')
  await eventually(async () => expect(await countOf(type, 'delivered')).toBe(ids.length))
  expect(idsOf(receiver.requests)).toEqual([...first, ...ids.slice(1 + byOthers)])
  expect(running.stderr).not.toContain('its lease was over')
})

test('killed between the receiver’s answer and the settlement, it goes on at once: one repeat, nothing lost', async () => {
  const seen: string[] = []
  let onFirst: () => void
  const first = new Promise<void>(resolve => (onFirst = resolve))
  const server = await serve((request, answer) => {
    seen.push(request.headers['webhook-id'] as string)
    if (seen.length > 1) return answer()
    running.signal('SIGKILL') // before it has seen the answer
    answer()
    onFirst()
  })
  const { listen, type } = laptop()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const running = listen(url)
  await isReady(running)
  const ids = await emit(type, 5)
  await first
  await running.exited
  const next = listen(url)
  await isReady(next)
  await eventually(() => expect(new Set(seen)).toEqual(new Set(ids)))
  await eventually(async () => {
    const { rows } = await api.db.query(
      `select count(*)::int as open from outbox.delivery_rows d join outbox.events e on e.id = d.event_id
       where e.type = $1 and d.state <> 'delivered'`,
      [type],
    )
    expect(rows[0].open).toBe(0)
  })
  expect(seen).toEqual([ids[0], ...ids])
})

test('an event whose transaction commits after later ones arrives too', async () => {
  const receiver = await startReceiver()
  const { listen, type } = laptop()
  await isReady(listen(receiver.url))
  const slow = await api.database.connect()
  await slow.query('begin')
  const { rows } = await slow.query('select outbox.emit($1, $2) as id', [type, { slow: true }])
  const [later] = await emit(type, 1)
  await receiver.waitFor(1)
  await slow.query('commit')
  await receiver.waitFor(2)
  expect(idsOf(receiver.requests)).toEqual([later, rows[0].id])
})

test('of two under one name the second ends with 5; with --take-over the first does', async () => {
  const receiver = await startReceiver()
  const { listen, type } = laptop()
  const first = listen(receiver.url)
  await isReady(first)
  const second = listen(receiver.url)
  expect(await second.exited).toBe(5)
  expect(second.stderr).toContain('--take-over')
  const third = listen(receiver.url, ['--take-over'])
  expect(await first.exited).toBe(5)
  const ids = await emit(type, 3)
  await receiver.waitFor(3)
  expect(idsOf(receiver.requests)).toEqual(ids)
  third.signal('SIGINT')
  expect(await third.exited).toBe(130)
})

test('of several that start at the same moment after one that was killed, one goes on and the others end with 5', async () => {
  const receiver = await startReceiver()
  const { listen, type } = laptop()
  const killed = listen(receiver.url)
  await isReady(killed)
  killed.signal('SIGKILL')
  await killed.exited
  const several = Array.from({ length: 4 }, () => listen(receiver.url, [], preload(slowWriter)))
  const codes: (number | null)[] = []
  for (const one of several) void one.exited.then(code => codes.push(code))
  await eventually(() => expect(codes).toEqual([5, 5, 5]))
  const ids = await emit(type, 10)
  await receiver.waitFor(10)
  expect(idsOf(receiver.requests)).toEqual(ids)
})

test('Ctrl-C does not wait for a receiver that hangs when it comes twice, and what was sent comes once more', async () => {
  let hangs = true
  const receiver = await startReceiver(() => (hangs ? undefined : 200))
  const { listen, type } = laptop()
  const running = listen(receiver.url)
  await isReady(running)
  const [event] = await emit(type, 1)
  await receiver.waitFor(1)
  running.signal('SIGINT')
  await running.said(/ends when the receiver has answered/)
  running.signal('SIGINT')
  expect(await running.exited).toBe(130)
  hangs = false
  await isReady(listen(receiver.url))
  await receiver.waitFor(2)
  expect(idsOf(receiver.requests)).toEqual([event, event])
})

test('a name that another machine holds is refused, too', async () => {
  const receiver = await startReceiver()
  const here = laptop()
  await isReady(here.listen(receiver.url))
  await emit(here.type, 1)
  await receiver.waitFor(1)
  const elsewhere = await outboxWhileWeServe(
    ['listen', '--forward-to', receiver.url, '--name', here.name, '--types', `${here.name}.*`],
    { env: { ...here.env, HOME: temporaryDirectory() } },
  )
  expect(elsewhere.exitCode, elsewhere.stderr).toBe(5)
  expect(elsewhere.stderr).toContain('pulls from this endpoint')
})

test('a failure is recorded and waits; redeliver brings it back within a moment', async () => {
  let answer = 500
  const receiver = await startReceiver(() => answer)
  const { listen, type } = laptop()
  const running = listen(receiver.url, ['--json'])
  await isReady(running)
  await emit(type, 1)
  await eventually(() => expect(running.stdout).not.toBe(''))
  const { id, status } = JSON.parse(running.stdout)
  expect(status).toBe(500)
  expect((await api.get(`/v1/deliveries/${id}`)).body).toMatchObject({ state: 'dead', reason: 'bad_status' })
  answer = 200
  await api.post(`/v1/deliveries/${id}/redeliver`, undefined)
  await eventually(async () => expect((await api.get(`/v1/deliveries/${id}`)).body.state).toBe('delivered'))
})

test.each([
  ['no URL', ['listen'], '--forward-to'],
  ['another machine', ['listen', '--forward-to', 'example.com/hooks'], '--allow-remote'],
  ['what is no URL', ['listen', '--forward-to', 'http://'], 'expected localhost:3000'],
])('%s is a mistake of usage', async (_, args, sentence) => {
  const { exitCode, stdout, stderr } = await outboxWhileWeServe(args, {
    env: { OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev' },
    cwd: temporaryDirectory(),
  })
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain(sentence)
})

async function serve(handle: (request: IncomingMessage, answer: () => void) => void): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => handle(request, () => response.end()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}
