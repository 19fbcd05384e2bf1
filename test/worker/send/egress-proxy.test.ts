// Webhooks through an operator's HTTP proxy: everything is tunnelled, and what is forbidden is never asked of the proxy.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { parseCidr } from '../../../delivery/address.ts'
import { createTransport } from '../../../worker/send/transport.ts'
import { atEnd } from '../../support/cleanup.ts'
import { interims } from '../../support/interims.ts'
import { ok, startRawReceiver } from '../../support/raw-receiver.ts'
import { startReceiver } from '../../support/receiver.ts'
import { sent } from '../../support/sent.ts'

const loopback = [parseCidr('127.0.0.0/8')!]
const request = (url: string) => ({
  url,
  headers: ['content-type', 'application/json'],
  body: new Uint8Array([0x7b, 0x7d]),
})
const timeoutSeconds = 5

test('a request goes through the proxy as a tunnel, and its answer comes back', async () => {
  const receiver = await startReceiver()
  const proxy = await startProxy(receiver.url)
  const transport = createTransport(
    { allowHttp: true, privateNetworks: loopback },
    async () => ['11.22.33.44'],
    proxy.url,
  )
  expect(await sent(transport.send, request('http://hooks.example/a?b=c'), timeoutSeconds)).toMatchObject({
    status: 200,
  })
  expect(proxy.asked).toEqual(['hooks.example:80'])
  expect(receiver.requests[0]).toMatchObject({ path: '/a?b=c', headers: { host: 'hooks.example' } })
  await transport.close()
})

test('interim responses that come through the proxy are not the answer', async () => {
  const receiver = await startRawReceiver(socket => {
    socket.write(interims.several!.join('') + ok())
  })
  const proxy = await startProxy(`http://127.0.0.1:${receiver.port}`)
  const transport = createTransport(
    { allowHttp: true, privateNetworks: loopback },
    async () => ['11.22.33.44'],
    proxy.url,
  )
  for (let i = 0; i < 2; i++) {
    expect(await sent(transport.send, request('http://hooks.example/'), timeoutSeconds)).toMatchObject({
      status: 200,
    })
  }
  expect(receiver.requests).toHaveLength(2)
  expect(receiver.connections).toHaveLength(1)
  await transport.close()
})

test('the proxy is never asked for a private address, nor for a name that resolves to one', async () => {
  const proxy = await startProxy('http://127.0.0.1:1')
  const transport = createTransport(
    { allowHttp: true, privateNetworks: [] },
    async () => ['11.22.33.44', '10.0.0.1'],
    proxy.url,
  )
  for (const url of ['http://hooks.example/', 'http://10.0.0.1/', 'http://169.254.169.254/']) {
    await expect(sent(transport.send, request(url), timeoutSeconds), url).rejects.toMatchObject({
      kind: 'blocked_address',
    })
  }
  expect(proxy.asked).toEqual([])
  await transport.close()
})

test('if the proxy refuses, the attempt fails as a failed connection', async () => {
  const proxy = await startProxy(null)
  const transport = createTransport(
    { allowHttp: true, privateNetworks: loopback },
    async () => ['11.22.33.44'],
    proxy.url,
  )
  await expect(sent(transport.send, request('http://hooks.example/'), timeoutSeconds)).rejects.toMatchObject({
    kind: 'connection',
  })
  await transport.close()
})

/** Tunnels everything to one receiver; null = refuses. */
async function startProxy(target: string | null) {
  const asked: string[] = []
  const server = createServer()
  server.on('connect', (asking, socket) => {
    asked.push(asking.url!)
    if (target === null) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const { hostname, port } = new URL(target)
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
