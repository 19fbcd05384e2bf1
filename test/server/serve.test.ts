// `npm run serve`: one process and a plain Postgres are a complete installation, without Cloudflare.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { scrape } from '../support/metrics.ts'
import { type Respond, startReceiver } from '../support/receiver.ts'
import { runServer, type ServerProcess, startServerProcess } from '../support/server-process.ts'

const headers = { authorization: 'Bearer dev', 'content-type': 'application/json' }

async function start(env: Record<string, string> = {}, respond?: Respond) {
  const database = await freshDatabase()
  const server = await startServerProcess({ DATABASE_URL: database.url, ...env })
  const receiver = await startReceiver(respond)
  return { database, server, receiver, db: await database.connect() }
}

async function post(server: ServerProcess, path: string, body: unknown) {
  const answer = await server.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, body: (await answer.json()) as { id: string } }
}

const attemptsOf = async (server: ServerProcess, eventId: string) => {
  const list = await server.fetch(`/v1/deliveries?event_id=${eventId}`, { headers })
  const [delivery] = ((await list.json()) as { data: { id: string }[] }).data
  if (!delivery) return []
  const one = await server.fetch(`/v1/deliveries/${delivery.id}`, { headers })
  return ((await one.json()) as { attempts: { sender: string; response_status: number }[] }).attempts
}

test('an event that is posted, and a row that changes, leave as webhooks', async () => {
  const { server, receiver, db } = await start()
  expect((await post(server, '/v1/endpoints', { url: receiver.url })).status).toBe(201)
  const event = await post(server, '/v1/events', { type: 'a.b', data: { n: 1 } })
  expect(event.status).toBe(202)
  await receiver.waitFor(1)
  expect(receiver.requests[0]!.headers['webhook-id']).toBe(event.body.id)
  await db.query(`create table things (id int primary key); select outbox.watch('things')`)
  await db.query('insert into things values (1)')
  await receiver.waitFor(2)
  expect(JSON.parse(String(receiver.requests[1]!.body))).toMatchObject({ type: 'things.created' })
  expect((await attemptsOf(server, event.body.id)).map(({ sender }) => sender)).toEqual(['listener'])
})

test('with threads the listener in it sends on them, and they are a part of /livez', async () => {
  const { server, receiver } = await start({ OUTBOX_LISTENER_THREADS: '2' })
  await post(server, '/v1/endpoints', { url: receiver.url })
  await post(server, '/v1/events', { type: 'a.b', data: 1 })
  await receiver.waitFor(1)
  expect(server.said()).toContain('"threads":2')
  expect((await server.fetch('/livez')).status).toBe(200)
  server.signal('SIGTERM')
  expect(await server.exited).toBe(0)
})

test('without a listener the timer delivers and redelivers', async () => {
  const respond: Respond = ({ nth }) => (nth === 1 ? 500 : 200)
  const env = { OUTBOX_SERVE: 'api,cron', OUTBOX_CRON_SECONDS: '1', OUTBOX_RETRY_SCHEDULE: '0.1,0.1' }
  const { server, receiver } = await start(env, respond)
  await post(server, '/v1/endpoints', { url: receiver.url })
  const event = await post(server, '/v1/events', { type: 'a.b', data: 1 })
  await receiver.waitFor(2)
  const attempts = await eventually(async () => {
    const made = await attemptsOf(server, event.body.id)
    return made.length === 2 && made
  })
  expect(attempts.map(({ sender }) => sender)).toEqual(['cron', 'cron'])
  expect(attempts.map(({ response_status }) => response_status).sort()).toEqual([200, 500])
})

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', signal => {
  test('finishes the request and the webhook under way, and leaves no connection', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<number>()
    const { server, receiver, db, database } = await start({}, () => released)
    await post(server, '/v1/endpoints', { url: receiver.url })
    await post(server, '/v1/events', { type: 'a.b', data: 1 })
    await receiver.waitFor(1)
    const other = await database.connect()
    await other.query('begin; lock table outbox.events in exclusive mode')
    const slow = post(server, '/v1/events', { type: 'a.b', data: 2 })
    await eventually(async () => {
      const waiting = await db.query(
        `select from pg_stat_activity where application_name = 'outbox-functions' and wait_event_type = 'Lock'
         and datname = current_database()`,
      )
      return waiting.rowCount === 1
    })
    server.signal(signal)
    await eventually(() =>
      server.fetch('/livez').then(
        () => false,
        () => true,
      ),
    )
    await other.query('commit')
    expect((await slow).status).toBe(202)
    release(200)
    expect(await server.exited).toBe(0)
    expect(server.said()).toContain('"stopped serving"')
    const { rows } = await db.query(
      `select state from outbox.deliveries where event_id = (select min(id) from outbox.events)`,
    )
    expect(rows).toMatchObject([{ state: 'delivered' }])
    await eventually(async () => {
      const { rowCount } = await db.query(
        `select from pg_stat_activity where datname = current_database() and application_name ~ '^(outbox|listener)-'`,
      )
      return rowCount === 0
    })
  })
})

test('/readyz says ready once all of it works, and else why not', async () => {
  const { server } = await start()
  await eventually(async () => (await server.fetch('/readyz')).status === 200)
  expect(await (await server.fetch('/readyz')).text()).toBe('ready\n')

  const nowhere = await startServerProcess({
    DATABASE_URL: `postgresql://me:CANARY@127.0.0.1:${await freePort()}/x`,
  })
  const answer = await nowhere.fetch('/readyz')
  expect(answer.status).toBe(503)
  expect((await answer.text()).trim()).not.toBe('')
  expect((await nowhere.fetch('/livez')).status).toBe(200)
  expect(nowhere.said()).not.toContain('CANARY')
})

test('the API is there as on Cloudflare: docs, problem details, and access by key', async () => {
  const { server } = await start({ OUTBOX_SERVE: 'api' })
  expect((await server.fetch('/docs')).status).toBe(200)
  expect((await server.fetch('/openapi.json')).status).toBe(200)
  expect(await (await server.fetch('/healthz')).json()).toEqual({ status: 'ok', driver: 'postgres' })
  expect((await server.fetch('/v1/events')).status).toBe(401)
  const unknown = await server.fetch('/nothing', { headers })
  expect(unknown.status).toBe(404)
  expect(unknown.headers.get('content-type')).toBe('application/problem+json')
})

test('somebody who guesses keys is told to wait, whatever address the requests name', async () => {
  const { server } = await start({ OUTBOX_SERVE: 'api' })
  const guess = (i: number) =>
    server.fetch('/v1/events', {
      headers: { authorization: `Bearer wrong${i}`, 'cf-connecting-ip': `10.0.${i % 250}.1` },
    })
  const statuses = new Set<number>()
  for (let i = 0; i < 12 && !statuses.has(429); i++) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => guess(i * 100 + n)))
    for (const { status } of answers) statuses.add(status)
  }
  expect(statuses).toEqual(new Set([401, 429]))
})

describe('a bad setting', () => {
  test.each([
    ['no database', { DATABASE_URL: '' }, 'DATABASE_URL'],
    ['an unknown part', { OUTBOX_SERVE: 'api,CANARY' }, 'OUTBOX_SERVE'],
    ['a schedule of no length', { OUTBOX_CRON_SECONDS: '0' }, 'OUTBOX_CRON_SECONDS'],
    ['a port that does not exist', { OUTBOX_PORT: '70000' }, 'OUTBOX_PORT'],
    ['no key', { OUTBOX_API_KEYS: '' }, 'OUTBOX_API_KEYS'],
  ])('(%s) stops the start with a message that names it and never its value', async (_, env, name) => {
    const { code, said } = await runServer({ DATABASE_URL: 'postgresql://u:CANARY@db.example/app', ...env })
    expect(code).toBe(1)
    expect(said).toContain(name)
    expect(said).not.toContain('CANARY')
    expect(said).not.toContain('    at ')
  })

  test('(a port that is taken) stops the start, and the listener with it', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    atEnd(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const { url } = await freshDatabase()
    const { code, said } = await runServer({ DATABASE_URL: url, OUTBOX_PORT: String(port) })
    expect(code).toBe(1)
    expect(said).toContain(`OUTBOX_PORT is ${port}`)
    expect(said).toContain('Another process does')
  })
})

test('requests to the API are counted by route as it is declared, never by id or by what a client makes up', async () => {
  const healthPort = await freePort()
  const { server } = await start({ OUTBOX_HEALTH_PORT: String(healthPort) })
  const { id } = (await post(server, '/v1/endpoints', { url: 'https://example.com/' })).body
  await server.fetch(`/v1/endpoints/${id}`, { headers })
  await server.fetch('/v1/endpoints/unknown', { headers })
  await server.fetch('/v1/endpoints/unknown', { method: 'PURGE' })
  await server.fetch('/made/up', { headers })
  const series = await scrape({ healthPort })
  const count = (route: string, method: string, status: string) =>
    series.get(`outbox_http_requests_total{route="${route}",method="${method}",status="${status}"}`)
  expect(count('/v1/endpoints', 'POST', '2xx')).toBe(1)
  expect(count('/v1/endpoints/:id', 'GET', '2xx')).toBe(1)
  expect(count('/v1/endpoints/:id', 'GET', '4xx')).toBe(1)
  expect(count('/v1/endpoints/:id', 'other', '4xx')).toBe(1)
  expect(count('other', 'GET', '4xx')).toBe(1)
  expect(series.get('outbox_http_request_duration_seconds_count')).toBe(5)
})
