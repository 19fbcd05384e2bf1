// Resolving host names: what is asked where, and that slow names delay only themselves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createResolve } from '../../../worker/send/resolve.ts'
import { atEnd } from '../../support/cleanup.ts'
import { startNameServer } from '../../support/name-server.ts'

test('the name server is asked, and all addresses of its answer are used', async () => {
  const { server, asked } = await startNameServer(() => ['192.0.2.1', '192.0.2.2'])
  const resolve = createResolve({ servers: [server] })
  expect(await resolve('Example.test')).toEqual(['192.0.2.1', '192.0.2.2'])
  expect(new Set(asked)).toEqual(new Set(['example.test']))
})

test('a name is resolved again each time: no answer is cached', async () => {
  let n = 0
  const { server } = await startNameServer(() => [`192.0.2.${++n}`])
  const resolve = createResolve({ servers: [server] })
  expect(await resolve('rebind.test')).not.toEqual(await resolve('rebind.test'))
})

test('localhost is loopback, and no name server is asked', async () => {
  const { server, asked } = await startNameServer(() => ['192.0.2.1'])
  const resolve = createResolve({ servers: [server] })
  for (const name of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost']) {
    expect(await resolve(name)).toEqual(['127.0.0.1', '::1'])
  }
  expect(asked).toEqual([])
})

test('the hosts file takes precedence over DNS', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'outbox-hosts-'))
  atEnd(() => rmSync(directory, { recursive: true }))
  const hostsFile = join(directory, 'hosts')
  writeFileSync(
    hostsFile,
    '# 10.0.0.9 host.docker.internal\n10.0.0.1\tHost.docker.internal other # x\nfd00::1 other\n',
  )
  const { server } = await startNameServer(() => ['192.0.2.1'])
  const resolve = createResolve({ servers: [server], hostsFile })
  expect(await resolve('host.docker.internal')).toEqual(['10.0.0.1'])
  expect(await resolve('other')).toEqual(['10.0.0.1', 'fd00::1'])
  expect(await resolve('docker.internal')).toEqual(['192.0.2.1'])
})

test('a name that does not exist has no addresses', async () => {
  const { server } = await startNameServer(() => [])
  await expect(createResolve({ servers: [server] })('nowhere.test')).rejects.toThrow()
})

test.each<[string, string | number]>([
  ['a server that failed', 2],
  ['a server that refuses', 5],
  ['an alias of itself', 'loop.test'],
])('%s makes resolving fail before the deadline', async (_, answer) => {
  const { server } = await startNameServer(() => answer)
  await expect(createResolve({ servers: [server], deadlineMs: 2_000 })('loop.test')).rejects.toThrow()
})

test('a name with thousands of addresses resolves to all of them or fails, before the deadline', async () => {
  const many = Array.from({ length: 3_000 }, (_, n) => `192.0.${n >> 8}.${n & 255}`)
  const { server } = await startNameServer(() => many)
  const seen = await createResolve({ servers: [server], deadlineMs: 2_000 })('many.test').catch(() => null)
  if (seen !== null) expect(seen).toEqual(many)
})

test('a name that did not exist is found once it does', async () => {
  let exists = false
  const { server } = await startNameServer(() => (exists ? ['192.0.2.1'] : []))
  const resolve = createResolve({ servers: [server] })
  await expect(resolve('new.test')).rejects.toThrow()
  exists = true
  expect(await resolve('new.test')).toEqual(['192.0.2.1'])
})

test('twelve names whose servers are silent delay no other name, and fail at the deadline', async () => {
  const { server } = await startNameServer(name => (name.startsWith('slow') ? null : ['192.0.2.1']))
  const resolve = createResolve({ servers: [server], deadlineMs: 1000 })
  let given = 0
  const slow = Array.from({ length: 12 }, (_, i) =>
    resolve(`slow${i}.test`).catch(() => {
      given++
    }),
  )
  expect(await resolve('quick.test')).toEqual(['192.0.2.1'])
  expect(given).toBe(0) // all twelve still wait
  await Promise.all(slow)
  expect(given).toBe(12)
})
