// The listener as a command: its messages for bad settings, and what it does when its output is not read.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { runListener, startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, emit } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

const url = 'postgresql://u:CANARY@db.example/app'

describe('a bad setting', () => {
  test.each([
    ['no database', { DATABASE_URL_UNPOOLED: '' }, 'DATABASE_URL_UNPOOLED'],
    ['not a connection string', { DATABASE_URL_UNPOOLED: 'CANARY' }, 'DATABASE_URL_UNPOOLED'],
    [
      'a pooled host',
      { DATABASE_URL_UNPOOLED: 'postgresql://u:CANARY@ep-x-pooler.eu.example/app' },
      'a pooler swallows LISTEN',
    ],
    [
      'a password that is not encoded',
      { DATABASE_URL_UNPOOLED: 'postgresql://u:CANARY%ff@db.example/app' },
      'special characters of the user and the password as %XX',
    ],
    [
      'a certificate that is not there',
      { DATABASE_URL_UNPOOLED: `${url}?sslmode=verify-full&sslrootcert=/CANARY.pem` },
      'certificate files that exist',
    ],
    ['no master key', { OUTBOX_MASTER_KEYS: '' }, 'OUTBOX_MASTER_KEYS'],
    ['a master key that is too short', { OUTBOX_MASTER_KEYS: 'a:Q0FOQVJZ' }, 'OUTBOX_MASTER_KEYS'],
    ['a lease that is shorter than a request', { OUTBOX_LEASE_SECONDS: '10' }, 'sent twice'],
    ['a port that does not exist', { OUTBOX_HEALTH_PORT: '70000' }, 'OUTBOX_HEALTH_PORT'],
    ['no thread at all', { OUTBOX_LISTENER_THREADS: '0' }, 'OUTBOX_LISTENER_THREADS'],
    ['too many threads', { OUTBOX_LISTENER_THREADS: '9' }, 'a whole number from 1 to 8'],
    ['an unknown log level', { OUTBOX_LOG_LEVEL: 'CANARY' }, 'OUTBOX_LOG_LEVEL'],
  ])('(%s) stops the start with a message that names it and never its value', async (_, env, expected) => {
    const { code, errors, output } = await runListener({ DATABASE_URL_UNPOOLED: url, ...env })
    expect(code).toBe(1)
    expect(errors).toContain(expected)
    expect(output).not.toMatch(/CANARY|Q0FOQVJZ/)
  })
})

test('a health port that is taken stops the start with a message that names the setting, the cause and the remedy', async () => {
  const db = await freshDatabase()
  const taken = await takenPort()
  const { code, output } = await runListener({
    DATABASE_URL_UNPOOLED: db.url,
    OUTBOX_HEALTH_PORT: String(taken),
  })
  expect(code).toBe(1)
  expect(output).toContain(`OUTBOX_HEALTH_PORT is ${taken}`)
  expect(output).toContain('another process does')
  expect(output).toContain('set another port')
  expect(output).not.toContain('    at ')
})

test('the health port listens on loopback, unless it is told otherwise', async () => {
  const db = await freshDatabase()
  const other = addressOfThisMachine()
  const asked = async (env: Record<string, string>) => {
    const listener = await startListenerProcess(db.url, env)
    const [, port] = /"health_port":(\d+)/.exec(listener.said())!
    const inside = await listener.ask('/livez')
    const outside = await fetch(`http://${other}:${port}/livez`).catch(() => null)
    return [inside.status, outside?.status ?? 'refused']
  }
  expect(await asked({})).toEqual([200, 'refused'])
  expect(await asked({ OUTBOX_HEALTH_HOST: '::' })).toEqual([200, 200])
})

test('an address that this machine does not have stops the start, and the remedy is told', async () => {
  const db = await freshDatabase()
  const { code, output } = await runListener({
    DATABASE_URL_UNPOOLED: db.url,
    OUTBOX_HEALTH_PORT: '0',
    OUTBOX_HEALTH_HOST: '192.0.2.1',
  })
  expect(code).toBe(1)
  expect(output).toContain('Set OUTBOX_HEALTH_HOST to one of its own, or to :: for every one.')
})

/** Not the one that loopback has: another one of this network card, or of the loopback network. */
function addressOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flat()
  return all.find(found => found?.family === 'IPv4' && !found.internal)?.address ?? '127.0.0.2'
}

test('proxies in the environment do not keep a listener from starting and delivering', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  const nowhere = 'http://127.0.0.1:9'
  const proxies = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, ALL_PROXY: nowhere }
  const listener = await startListenerProcess(db.url, { ...proxies, http_proxy: nowhere })
  await emit(client)
  await receiver.waitFor(1)
  expect((await listener.ask('/readyz')).status).toBe(200)
})

test('a listener whose output is no longer read goes on delivering or exits, and never hangs', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  const listener = await startListenerProcess(db.url)
  listener.closeOutput()
  await emit(client, 20)
  await Promise.race([receiver.waitFor(20), listener.exited])
  listener.signal('SIGTERM')
  await listener.exited
})

async function takenPort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  atEnd(() => server.close())
  return (server.address() as AddressInfo).port
}
