// The egress guard: the address that was checked is dialled, even if the name then resolves differently.
import { describe, expect, test } from 'vitest'
import { parseCidr } from '../../../delivery/address.ts'
import { createResolve, type Resolve } from '../../../worker/send/resolve.ts'
import { createTransport } from '../../../worker/send/transport.ts'
import { startBlackHole } from '../../support/black-hole.ts'
import { atEnd } from '../../support/cleanup.ts'
import { startNameServer } from '../../support/name-server.ts'
import { ok, startRawReceiver } from '../../support/raw-receiver.ts'
import { startReceiver } from '../../support/receiver.ts'
import { sent } from '../../support/sent.ts'

/** Sends to names that `resolve` knows, where only these networks may be reached. */
function senderThrough(resolve: Resolve, networks: string[]) {
  const privateNetworks = networks.map(text => parseCidr(text)!)
  const transport = createTransport({ allowHttp: true, privateNetworks }, resolve)
  atEnd(transport.close)
  return async (url: string, timeoutSeconds = 10) => {
    const request = { url, headers: [], body: new Uint8Array(2) }
    return sent(transport.send, request, timeoutSeconds).then(
      ({ status }) => status,
      ({ kind }) => kind,
    )
  }
}

/** A second loopback address to listen on: macOS has no 127.0.0.2, containers often no ::1. */
const forbiddenAddress = process.platform === 'darwin' ? '::1' : '127.0.0.2'
const everything = ['127.0.0.0/8', '::1/128']

/** Two receivers on one port: one on 127.0.0.1, which the tests allow, and one on another address, which they do not. */
async function startBoth() {
  const answer = ok('ok', 'connection: close\r\n') // so that every request needs a new connection
  const allowed = await startRawReceiver(socket => socket.end(answer))
  const { port } = allowed
  const forbidden = await startRawReceiver(socket => socket.end(answer), { host: forbiddenAddress, port })
  return { allowed, forbidden, port }
}

describe('a name', () => {
  test('that resolves to an allowed address is reached, under its own name', async () => {
    const { allowed, port } = await startBoth()
    const sendTo = senderThrough(async () => ['127.0.0.1'], ['127.0.0.1/32'])
    expect(await sendTo(`http://receiver.test:${port}/`)).toBe(200)
    expect(allowed.requests[0]).toMatch(new RegExp(`^host: receiver.test:${port}\r\n`, 'im'))
  })

  test('that resolves to any other address is blocked, before a connection is made', async () => {
    const { forbidden, port } = await startBoth()
    const sendTo = senderThrough(async () => [forbiddenAddress], ['127.0.0.1/32'])
    expect(await sendTo(`http://receiver.test:${port}/`)).toBe('blocked_address')
    expect(forbidden.connections).toHaveLength(0)
  })

  test('that resolves to such an address is reached if a setting allows it: so the test above would notice', async () => {
    const { forbidden, port } = await startBoth()
    const sendTo = senderThrough(async () => [forbiddenAddress], everything)
    expect(await sendTo(`http://receiver.test:${port}/`)).toBe(200)
    expect(forbidden.connections).toHaveLength(1)
  })

  test.each([
    ['in front', [forbiddenAddress, '127.0.0.1']],
    ['behind', ['127.0.0.1', forbiddenAddress]],
    ['as metadata', ['127.0.0.1', '169.254.169.254']],
    ['v4-mapped', ['127.0.0.1', '::ffff:127.0.0.2']],
    ['unreadable', ['127.0.0.1', 'fe80::1%eth0']],
  ])('with one forbidden address among its addresses is blocked: %s', async (_, addresses) => {
    const { allowed, forbidden, port } = await startBoth()
    const sendTo = senderThrough(async () => addresses, ['127.0.0.1/32'])
    expect(await sendTo(`http://receiver.test:${port}/`)).toBe('blocked_address')
    expect(allowed.connections.length + forbidden.connections.length).toBe(0)
  })

  test('that alternates between allowed and forbidden never gets a connection to the forbidden one', async () => {
    const { allowed, forbidden, port } = await startBoth()
    let n = 0
    const rebind = async () => [n++ % 3 === 0 ? forbiddenAddress : '127.0.0.1']
    const sendTo = senderThrough(rebind, ['127.0.0.1/32'])
    const outcomes = new Map<unknown, number>()
    for (let i = 0; i < 300; i++) {
      const outcome = await sendTo(`http://rebind.test:${port}/`)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    expect([...outcomes.keys()].sort()).toEqual([200, 'blocked_address'])
    expect(allowed.connections).toHaveLength(outcomes.get(200)!)
    expect(forbidden.connections).toHaveLength(0)
  })

  test('is resolved once for each connection, and not for a request on an open one', async () => {
    const receiver = await startRawReceiver(socket => socket.write(ok()))
    let asked = 0
    const sendTo = senderThrough(async () => {
      asked++
      return ['127.0.0.1']
    }, ['127.0.0.1/32'])
    const url = `http://receiver.test:${receiver.port}/`
    expect([await sendTo(url), await sendTo(url)]).toEqual([200, 200])
    expect(receiver.connections).toHaveLength(1)
    expect(asked).toBe(1)
  })

  test('whose first address is dead is reached at its second', async () => {
    const receiver = await startRawReceiver(socket => socket.end(ok()))
    const sendTo = senderThrough(async () => ['::1', '127.0.0.1'], everything)
    expect(await sendTo(`http://receiver.test:${receiver.port}/`)).toBe(200)
  })

  test.runIf(process.platform === 'linux')(
    'whose first address swallows everything is reached at its second',
    async () => {
      const receiver = await startRawReceiver(socket => socket.end(ok()))
      await startBlackHole('127.0.0.3', receiver.port)
      const sendTo = senderThrough(async () => ['127.0.0.3', '127.0.0.1'], everything)
      expect(await sendTo(`http://receiver.test:${receiver.port}/`)).toBe(200)
    },
  )

  test.each(['http', 'https'])('all of whose addresses are dead is a failed connection: %s', async scheme => {
    const { url, stop } = await startReceiver()
    await stop()
    const sendTo = senderThrough(async () => ['127.0.0.1', '::1'], everything)
    expect(await sendTo(`${scheme}://receiver.test:${new URL(url).port}/`)).toBe('connection')
  })

  test('that does not resolve fails as dns', async () => {
    const sendTo = senderThrough(() => Promise.reject(new Error('no such name')), [])
    expect(await sendTo('https://nowhere.test/')).toBe('dns')
    expect(await senderThrough(async () => [], [])('https://nowhere.test/')).toBe('dns')
  })

  test('whose servers are silent delays no other name: eight wait while a ninth is served', async () => {
    const { server } = await startNameServer(name => (name.startsWith('slow') ? null : ['127.0.0.1']))
    const receiver = await startRawReceiver(socket => socket.end(ok()))
    const sendTo = senderThrough(createResolve({ servers: [server] }), everything)
    let given = 0
    const slow = Array.from({ length: 8 }, (_, i) =>
      sendTo(`http://slow${i}.test:${receiver.port}/`, 1.5).then(seen => {
        given++
        return seen
      }),
    )
    expect(await sendTo(`http://quick.test:${receiver.port}/`)).toBe(200)
    expect(given).toBe(0)
    expect(new Set(await Promise.all(slow))).toEqual(new Set(['timeout']))
  })

  test('that never resolves fails at the deadline', async () => {
    const sendTo = senderThrough(() => new Promise(() => {}), [])
    expect(await sendTo('https://silent.test/', 0.2)).toBe('timeout')
  })
})

test('proxies from the environment are not used, because they would choose the address', async () => {
  const { allowed, port } = await startBoth()
  const proxy = await startRawReceiver(socket => socket.end(ok()))
  for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) {
    process.env[name] = `http://127.0.0.1:${proxy.port}`
    atEnd(() => delete process.env[name])
  }
  const sendTo = senderThrough(async () => ['127.0.0.1'], ['127.0.0.1/32'])
  expect(await sendTo(`http://receiver.test:${port}/`)).toBe(200)
  expect(proxy.connections).toHaveLength(0)
  expect(allowed.connections).toHaveLength(1)
})
